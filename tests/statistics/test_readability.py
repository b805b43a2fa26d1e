"""Syllables counted by hand, and Flesch's two formulas."""

from __future__ import annotations

import pytest

from synthempathy.statistics.readability import readability, syllable_counts, syllables
from synthempathy.text.numbered import Vocabulary

#: Counted by hand, none of them used when the rules were made.
BY_HAND = {
    1: "grew strange laughed bridge plates knife world through scared dropped five moved lose bruise months",
    2: "needn't kettle pillow harder borrow nurses changing wallet cousin shelter whisper buses empty planned-for toilet",
    3: "remember together important hospitals beginning forgiving another recently carefully energy disaster expected",
    4: "information conversation particular emergency application independent generation",
}


def test_syllables_of_most_words_are_right() -> None:
    counted = {word: n for n, row in BY_HAND.items() for word in row.replace("planned-for", "planet").split()}
    wrong = {word: syllables(word) for word, n in counted.items() if syllables(word) != n}
    assert len(wrong) <= 0.1 * len(counted), wrong


@pytest.mark.parametrize(("word", "count"), [("didn't", 2), ("don't", 1), ("it's", 1), ("3", 1), ("hmm", 1), ("\u00e9", 1)])
def test_syllables_of_odd_words(word: str, count: int) -> None:
    assert syllables(word) == count


def test_both_formulas_by_hand() -> None:
    vocabulary = Vocabulary()
    texts = vocabulary.texts(["The cat sat on the mat. It was a happy cat.", "...", "Go home"])
    found = readability(texts, syllable_counts(vocabulary))
    first = (206.835 - 1.015 * 5.5 - 84.6 * 12 / 11, 0.39 * 5.5 + 11.8 * 12 / 11 - 15.59)
    second = (206.835 - 1.015 * 2 - 84.6, 0.39 * 2 + 11.8 - 15.59)
    assert found["flesch_reading_ease"] == pytest.approx((first[0] + second[0]) / 2)
    assert found["flesch_kincaid_grade"] == pytest.approx((first[1] + second[1]) / 2)


def test_texts_without_words_give_nothing() -> None:
    vocabulary = Vocabulary()
    assert readability(vocabulary.texts(["..."]), syllable_counts(vocabulary)) == {
        "flesch_reading_ease": 0.0, "flesch_kincaid_grade": 0.0,
    }
