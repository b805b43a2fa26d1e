"""What the classifier sees of a text, and that its screen sees a part of that."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from synthempathy.filters.classifier.concepts import Concepts
from synthempathy.filters.classifier.features import local_features, opening, sentences
from synthempathy.filters.classifier.keys import features
from synthempathy.text.words import Text
from tests.helpers.small_classifier import CONCEPTS


def test_sentences_part_at_marks_and_hold_words() -> None:
    text = Text("He left. ... Why?! I don't know")
    assert [" ".join(s.tokens) for s in sentences(text)] == ["he left .", "why ?", "i don't know~"]
    assert all(text.tokens[s.start] == s.tokens[0] for s in sentences(text))


WORDS = ("you", "idiot", 'idiot"', "idiot~", "vodka", "walked", "drink", "the", "waste", "of", "space", "?")


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12))
def test_the_screen_reads_a_part_of_what_the_whole_reading_sees(words: list[str]) -> None:
    whole = features(tuple(words), "response", CONCEPTS)
    local = {
        name for pair in zip([opening("response"), *words], words, strict=False)
        for name in local_features(*pair, "response", CONCEPTS)
    }
    assert local <= set(whole)
    assert all(0 <= place < len(words) for place in whole.values())


def test_what_is_quoted_or_denied_is_of_other_classes() -> None:
    def seen(raw: str) -> set[str]:
        return {name for sentence in sentences(Text(raw)) for name in features(sentence.tokens, "response", TABLE)}

    plain = seen("you are a moron")
    assert {"c insult_noun", "w moron"} <= plain
    for quoted in ('he said "you are a moron"', "> you are a moron"):
        assert 'c insult_noun"' in seen(quoted) and "c insult_noun" not in seen(quoted) and "w moron" in seen(quoted)
    assert "c insult_noun~" in seen("you are not a moron") and "n moron" in seen("you are not a moron")
    assert "c insult_noun" in seen("it is not true but you moron")  # "but" ends what the negation holds for


def test_a_quoted_line_reaches_to_its_end_and_a_negation_no_further_than_its_scope() -> None:
    text = Text("He left.\n > she ran off \nNot a bad old long day but fine")
    tokens = [token for one in sentences(text) for token in one.tokens]
    assert " ".join(tokens) == 'he left . she" ran" off" \n not a~ bad~ old~ long~ day but fine'


def test_many_quoted_lines_take_no_longer_than_their_number_tells() -> None:
    started = time.process_time()
    sentences(Text("> a\n" * 25_000))
    assert time.process_time() - started < 1


def test_names_of_groups_are_all_one_word() -> None:
    def seen(raw: str) -> set[str]:
        return set(features(sentences(Text(raw))[0].tokens, "response", TABLE))

    assert seen("the gobs are here") == seen("the elves are here") and "w <group>" in seen("the gobs are here")


def test_what_is_harmless_beside_a_group_is_read_beside_one_alone() -> None:
    def seen(raw: str) -> set[str]:
        return set(features(sentences(Text(raw))[0].tokens, "response", TABLE))

    alone, beside, apart = seen("the orcs baked and moved in"), seen("the gobs baked and moved in"), seen('"gobs" baked')
    assert not any("everyday" in name for name in alone)
    assert {"c everyday", "p group everyday", "p everyday everyday"} <= beside and 'p group" everyday' in apart
    assert "c everyday" not in seen("The gobs left. We baked.")


TABLE = Concepts({"insult_noun": ["moron"], "group": ["gobs", "elves"], "everyday": ["bak*", "moved in"]})
