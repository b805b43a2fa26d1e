"""Variety: one kind sentence to everyone must show; self-BLEU against counting by hand."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.evaluation.variety import Words, self_bleu, variety

KIND = "I am so sorry that you are going through this."
WRITTEN = [
    "I feel sad for you. Losing the flat must have been frightening. What did the landlord say?",
    "It hurts to read this. You sound worn out by the shifts. When did you last sleep well?",
    "I am glad you told someone. The silence at home must weigh on you. What does your sister think?",
    "That exam is heavy on your mind. I feel for you. Which part of it scares you the most?",
]


def test_a_model_that_says_one_sentence_to_everyone_is_seen() -> None:
    one, varied = variety([KIND] * 4), variety(WRITTEN)
    assert (one["self_bleu"], one["top_response_share"], one["top_sentence_share"]) == pytest.approx((1, 1, 1))
    assert varied["self_bleu"] < 0.3
    assert (varied["top_response_share"], varied["top_sentence_share"]) == (0.25, 0.25)
    assert all(one[name] < 0.5 * varied[name] for name in ("distinct_1", "distinct_2"))


def test_the_same_sentence_within_different_responses_is_seen() -> None:
    found = variety([f"{text} {KIND.upper()}" for text in WRITTEN])
    assert found["top_sentence_share"] == 1
    assert found["top_response_share"] == 0.25


def test_responses_without_words_give_figures() -> None:
    assert variety([""]) == {
        "distinct_1": 0.0, "distinct_2": 0.0, "self_bleu": 0.0, "top_response_share": 1.0, "top_sentence_share": 0.0,
    }
    assert variety(["", "..."])["self_bleu"] == 0


def slow_self_bleu(texts: list[Words]) -> float:
    """As it is defined: each text against all the others, by looking at every one of them."""
    scores = []
    for place, text in enumerate(texts):
        others = texts[:place] + texts[place + 1 :]
        logs = []
        for n in range(1, 5):
            grams = Counter(text[i : i + n] for i in range(len(text) - n + 1))
            if grams:
                counted = [Counter(o[i : i + n] for i in range(len(o) - n + 1)) for o in others]
                shared = sum(min(times, max(c[gram] for c in counted)) for gram, times in grams.items())
                logs.append(math.log(max(shared, 0.1) / grams.total()))
        scores.append(math.exp(sum(logs) / len(logs)) if logs else 0.0)
    return sum(scores) / len(scores)


@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=9).map(tuple), min_size=2, max_size=6))
def test_self_bleu_is_what_its_definition_says(texts: list[Words]) -> None:
    assert self_bleu(texts) == pytest.approx(slow_self_bleu(texts))
    assert 0 <= self_bleu(texts) <= 1 + 1e-12
