"""Labelled pairs: which sentences carry a level, and whether there are enough of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from synthempathy.scorers.base import Dimension
from synthempathy.scorers.labelled import LabelledPair, Span, check_enough, require_levels
from synthempathy.scorers.reading import sentences
from tests.helpers.empathy import DIMENSIONS


def pair(response: str, er: int, spans: tuple[Span, ...] = (), post: str = "post") -> LabelledPair:
    return LabelledPair(post, response, {"er": er, "ip": 0, "ex": None}, {"er": spans, "ip": (), "ex": ()})


def test_rationales_say_which_sentences_carry_the_level() -> None:
    response = "Ask the bank. I feel sad for you. Take care. What did they say?"
    one = pair(response, 2, ((14, 33),))
    assert response[14:33] == "I feel sad for you."
    assert one.sentence_levels(sentences(response), "er") == [0, 2, 0, 0]
    assert one.sentence_levels(sentences(response), "ip") == [0, 0, 0, 0]
    assert one.sentence_levels(sentences(response), "ex") == [None] * 4


def test_without_a_rationale_only_a_single_sentence_is_known_to_carry_the_level() -> None:
    one, two = pair("I feel sad.", 2), pair("I feel sad. Yes.", 2)
    assert one.sentence_levels(sentences(one.response), "er") == [2]
    assert two.sentence_levels(sentences(two.response), "er") == [None, None]
    assert two.sentence_levels(sentences(two.response), "ip") == [0, 0]


def test_too_few_of_a_level_is_said() -> None:
    pairs = [pair(f"reply {i}", 0, post=f"post {i}") for i in range(9)]
    with pytest.raises(InputError, match=r"'er': level 1 appears under 0 explanations, 5 folds need at least 5"):
        check_enough(pairs, 5, Path("pairs.csv"))


@pytest.mark.parametrize("mechanism", DIMENSIONS)
def test_a_level_that_no_pair_has_is_named(mechanism: Dimension) -> None:
    require_levels([0, 1, None, 2], mechanism)
    with pytest.raises(InputError, match=f"no pair to learn level 1 of {mechanism} from"):
        require_levels([0, 2, None], mechanism)
