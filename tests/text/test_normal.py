"""The normal form: what it folds, what it leaves, and that places lead back into the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.text.normal import normal, normal_in_place, places, seen

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u202e\u2066\u180e\u034f\ufe0f\u3164\U000e0041"


@pytest.mark.parametrize("disguised", [
    "h\u0430te", "\u04bb\u0430\u0442\u0435", "\u0397\u0391\u03a4\u0395", "\uff28\uff21\uff34\uff25", "h\u00e0t\u00eb",
    "\U0001d4f1\U0001d4ea\U0001d4fd\U0001d4ee", "\u24d7\u24d0\u24e3\u24d4", "\U0001f177\U0001f170\U0001f183\U0001f174",
    "h\u0336a\u0336t\u0336e\u0336", "\u029c\u1d00\u1d1b\u1d07",
    *(f"ha{mark}te" for mark in INVISIBLE), "".join(f"{letter}{INVISIBLE}" for letter in "hate"),
])
def test_look_alikes_and_invisible_characters_are_folded(disguised: str) -> None:
    assert normal(disguised) == normal_in_place(disguised) == "hate"


@pytest.mark.parametrize("text", ["i'm at 5 o'clock, (yes)!", "你好", "क्या हिन्दी", "\u05d0\u05d1", "\U0001f600"])
def test_other_scripts_and_plain_text_stay(text: str) -> None:
    assert normal(text) == text == normal_in_place(text)


def test_only_what_is_unseen_goes_where_case_and_letters_count() -> None:
    assert seen("B\u200ben\uff20Ex\u00e4mple.\u0441om") == "Ben@Ex\u00e4mple.\u0441om"


@given(st.text())
def test_the_form_of_the_form_is_itself_and_every_character_has_its_place(text: str) -> None:
    whole = normal_in_place(text)
    assert normal_in_place(whole) == whole and normal(normal(text)) == normal(text)
    for form, at in ((whole, places(text)), (seen(text), places(text, of_seen=True))):
        assert len(form) == len(at) and list(at) == sorted(at)
    assert "".join(normal_in_place(text[k]) for k in dict.fromkeys(places(text))) == whole
