"""Figures by category and severity: every pair in one group of each, in a fixed order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.core.records import CATEGORIES, Pair
from synthempathy.evaluation.groups import band, by_category, by_severity, group_figures


def pair(number: int, category: str, severity: float | None) -> Pair:
    return Pair.model_validate({
        "id": f"p{number}", "seed_id": "s", "category": category, "severity": severity, "seed": "s", "story": "t",
        "model": "m", "explanation": "e", "response": "r", "reasoning": "",
    })


@given(st.lists(st.tuples(
    st.sampled_from([*CATEGORIES, "Zoo", "Birds"]), st.none() | st.floats(0, 10),
), min_size=1, max_size=30))
def test_every_pair_is_in_one_group_and_the_groups_stand_in_order(rows: list[tuple[str, float | None]]) -> None:
    pairs = [pair(i, *row) for i, row in enumerate(rows)]
    categories, severities = by_category(pairs), by_severity(pairs)
    for groups in (categories, severities):
        assert sorted(place for places in groups.values() for place in places) == list(range(len(pairs)))
    order = [*CATEGORIES, "Birds", "Zoo"]
    assert list(categories) == [name for name in order if name in categories]
    order = ["under_4", "4_to_6", "6_and_over", "unknown"]
    assert list(severities) == [name for name in order if name in severities]


@pytest.mark.parametrize(("severity", "name"), [
    (0, "under_4"), (3.99, "under_4"), (4, "4_to_6"), (5.9, "4_to_6"), (6.0, "6_and_over"), (10, "6_and_over"),
    (None, "unknown"), (float("nan"), "unknown"), ("high", "unknown"),
])
def test_bands(severity: object, name: str) -> None:
    assert band(severity) == name


def test_the_means_are_those_of_the_groups_pairs() -> None:
    scores = {name: np.array([0.0, 1.0, 2.0]) for name in ("er", "ip", "ex", "empathy")}
    found = group_figures(scores, {"Work": [0, 2], "School": [1]})
    assert found["Work"] == {"er": 1.0, "ip": 1.0, "ex": 1.0, "mean": 1.0, "pairs": 2}
    assert found["School"]["pairs"] == 1
