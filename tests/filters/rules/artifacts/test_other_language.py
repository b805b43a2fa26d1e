"""Not English: other languages, even in a part; names, slang and lists pass."""

from __future__ import annotations

import pytest

from synthempathy.filters.rules.artifacts.other_language import RULE, find
from synthempathy.text.words import Text
from tests.helpers.pairs import filter_settings, labelled_pairs

SPANISH = "Lo siento mucho, debe ser muy difícil vivir con esto todos los días, y quiero que sepas que no estás sola."


@pytest.mark.parametrize("text", [
    SPANISH,
    "Je suis vraiment désolé que tu traverses cela, et je comprends que tu te sentes épuisée après une telle semaine.",
    "Es tut mir so leid, dass du das gerade durchmachst. Das klingt unglaublich schwer, und du bist nicht allein damit.",
    "很抱歉听到你正在经历这一切，这一定非常艰难，你并不孤单，我在这里陪着你，请照顾好自己。",
    "I am so sorry that you had to go through that, and I am glad you told me about it today. " + SPANISH,
    SPANISH + " I am so sorry that you had to go through that, and I am glad you told me about it today, my friend.",
])
def test_other_languages_are_found_even_in_a_part(text: str) -> None:
    found = find(Text(text), "response")
    assert found is not None
    assert all(0 <= start < end <= len(text) for start, end in found.spans)


@pytest.mark.parametrize("text", [
    "I miss my abuela and her arroz con pollo, and the way she called me mi corazón, and I cry at the stove.",
    "im so tired n my boss dont care lol idk wat 2 do anymore tbh gonna sleep",
    "Rent, heating, phone, insurance, car, dentist, school shoes, birthday presents: every month, every single month.",
    "Breathe. Rest. Eat something warm. Sleep. Cry. Walk. Repeat. No pressure, no hurry, no shame.",
    "Müller, Nguyen, Kowalski and García all got promoted before me, and I trained three of them.",
    "Ugh.", "No!", "", "42", "…",
])
def test_english_with_names_slang_and_lists_passes(text: str) -> None:
    assert find(Text(text), "response") is None


def test_every_labelled_post_and_reply_is_english() -> None:
    pairs = labelled_pairs()
    (check,) = RULE.checks(filter_settings())
    wrong = [one for one in pairs if check(one)]
    assert len(wrong) <= 0.002 * len(pairs), wrong
