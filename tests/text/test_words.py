"""Texts as words: every place is known, and so is what stands in quotes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from synthempathy.text.normal import normal_in_place
from synthempathy.text.words import Text


@given(st.text(alphabet="abh '\u2019\"\u201c.,-\n\u0130\u200b\u0430\u0301\ufb01\uff41", max_size=60))
def test_tokens_can_be_cut_out_of_the_text_again(raw: str) -> None:
    text = Text(raw)
    assert [normal_in_place(raw[start:end]) for start, end in text.spans] == text.tokens
    assert len(text.quoted) == len(text.tokens)


def test_spans_lead_from_the_normal_form_into_the_text() -> None:
    text = Text("You \u0430re a m\u200bor\u200bon\u200b, \ufb01end")
    assert text.tokens == ["you", "are", "a", "moron", "fiend"]
    assert [text.raw[slice(*span)] for span in text.spans][3:] == ["m\u200bor\u200bon", "\ufb01end"]
    assert text.raw[slice(*text.in_raw(4, 13))] == "\u0430re a m\u200bor"


@given(st.text(alphabet="abB1'.!?;:\n\" _-\t\r\x1c\x00\u00e9\u2019", max_size=40))
def test_words_are_the_same_however_they_are_parted(raw: str) -> None:
    """Tokens are parted in a quick way where the text is ASCII, spans by the pattern."""
    text = Text(raw)
    assert [text.lower[start:end] for start, end in _matches(text)] == text.tokens


def _matches(text: Text) -> list[tuple[int, int]]:
    return [found.span() for found in text._pattern.finditer(text.lower)]
