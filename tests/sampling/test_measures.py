"""Diversity: values worked out by hand, and what must hold for any answers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.sampling.grid import MEASURES
from synthempathy.sampling.measures import diversity, mean_distance, vectors

A = "one morning the bus came late and everybody stood in the rain"
B = "her sister had never said anything about selling their old house"

texts = st.lists(st.text(st.sampled_from("ab cd."), min_size=1, max_size=40), min_size=1, max_size=6)


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
    assert mean_distance(vectors(answers * 2)) <= mean_distance(vectors(answers)) + 1e-9 or len(answers) == 1
