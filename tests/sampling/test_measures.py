"""Diversity: values worked out by hand, and what must hold for any answers."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.sampling.measures import MEASURES, distinct, diversity, mean_distance, self_bleu, vectors

A = "one morning the bus came late and everybody stood in the rain"
B = "her sister had never said anything about selling their old house"

texts = st.lists(st.text(st.sampled_from("ab cd."), min_size=1, max_size=40), min_size=1, max_size=6)


def test_distinct_counts_different_words_over_all():
    assert distinct(["a b a", "B c"], 1) == 3 / 5
    assert distinct(["a b a", "a b"], 2) == 2 / 3  # ab, ba, ab: none across texts
    assert distinct(["word"], 2) == 0


def test_self_bleu_of_the_same_text_is_one_and_of_strangers_zero():
    assert self_bleu([A, A, A]) == pytest.approx(1)
    assert self_bleu([A, B]) == 0
    assert self_bleu([A]) == 0


def test_self_bleu_by_hand():
    """One word of five changed: precisions 4/5 and 2/4, then none of 3 and of 2, smoothed to 1/2 and 1/4 of one."""
    expected = math.exp(sum(map(math.log, (4 / 5, 2 / 4, 1 / 2 / 3, 1 / 4 / 2))) / 4)
    assert self_bleu(["we sat there and ate", "we sat here and ate"]) == pytest.approx(expected)


def test_distance_of_the_same_text_is_zero_and_of_strangers_one():
    assert mean_distance(vectors([A, A.upper()])) == pytest.approx(0)
    assert mean_distance(vectors([A, B])) == pytest.approx(1)
    assert mean_distance(vectors([A, A, B])) == pytest.approx(2 / 3)  # pairs: 0, 1, 1
    assert mean_distance(vectors([A])) == 0
    assert mean_distance(vectors(["...", "!"])) == 1  # no words: nothing in common


def test_samples_of_a_row_are_compared_with_each_other_alone():
    found = diversity({"r1": [A, A], "r2": [B, B], "r3": [A]}, [A, A, B, B])
    assert found["distance_between_samples"] == pytest.approx(0)
    assert found["distance_overall"] == pytest.approx(4 / 6)
    assert diversity({"r1": [A, B], "r2": [B, B]}, None)["distance_between_samples"] == pytest.approx(0.5)


def test_what_cannot_be_measured_is_none():
    assert diversity({"r1": [A], "r2": [B]}, None) == dict.fromkeys(MEASURES)
    one_each = diversity({"r1": [A], "r2": [B]}, [A, B])
    assert one_each["distance_between_samples"] is None
    assert one_each["distance_overall"] == pytest.approx(1)


@settings(max_examples=60, deadline=None)
@given(texts)
def test_measures_are_shares_and_the_order_of_the_answers_does_not_matter(answers):
    found = diversity({"r": answers}, answers)
    assert all(value is None or 0 <= value <= 1 for value in found.values())
    assert diversity({"r": answers[::-1]}, answers[::-1]) == pytest.approx(found)


@settings(max_examples=30, deadline=None)
@given(texts)
def test_saying_everything_twice_is_less_diverse(answers):
    for n in (1, 2):
        assert distinct(answers * 2, n) == pytest.approx(distinct(answers, n) / 2)
    assert mean_distance(vectors(answers * 2)) <= mean_distance(vectors(answers)) + 1e-9 or len(answers) == 1
