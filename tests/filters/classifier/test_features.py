"""What the classifier sees of a text, and that its screen sees a part of that."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from synthempathy.filters.classifier.features import features, local_features, opening, sentences
from synthempathy.text.words import Text
from tests.helpers.small_classifier import CONCEPTS


def test_sentences_part_at_marks_and_hold_words() -> None:
    text = Text("He left. ... Why?! I don't know")
    assert [" ".join(s.tokens) for s in sentences(text)] == ["he left .", "why ?", "i don't know"]
    assert all(text.tokens[s.start] == s.tokens[0] for s in sentences(text))


@given(st.lists(st.sampled_from(("you", "idiot", "vodka", "walked", "drink", "the", "?")), min_size=1, max_size=12))
def test_the_screen_reads_a_part_of_what_the_whole_reading_sees(words: list[str]) -> None:
    whole = features(tuple(words), "response", CONCEPTS)
    local = {
        name for pair in zip([opening("response"), *words], words, strict=False)
        for name in local_features(*pair, "response", CONCEPTS)
    }
    assert local <= set(whole)
    assert all(0 <= place < len(words) for place in whole.values())
