"""Which test pairs are evaluated, the same each time; figures by category and severity: every pair in one group of each."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.core.records import Pair
from synthempathy.evaluation.strata import by_category, by_severity, draw_pairs, group_figures
from tests.helpers.empathy import CATEGORIES


def pair(number: int, category: str, severity: Any) -> Pair:
    return Pair.model_validate({
        "id": f"p{number}", "seed_id": "s", "category": category, "severity": severity, "seed": "s", "story": "t",
        "model": "m", "explanation": "e", "response": "r", "reasoning": "",
    })


@given(st.lists(st.tuples(
    st.sampled_from([*CATEGORIES, "Zoo", "Birds"]), st.none() | st.floats(0, 10),
), min_size=1, max_size=30))
def test_every_pair_is_in_one_group_and_the_groups_stand_in_order(rows: list[tuple[str, float | None]]) -> None:
    pairs = [pair(i, *row) for i, row in enumerate(rows)]
    categories, severities = by_category(pairs, CATEGORIES), by_severity(pairs)
    for groups in (categories, severities):
        assert sorted(place for places in groups.values() for place in places) == list(range(len(pairs)))
    order = [*CATEGORIES, "Birds", "Zoo"]
    assert list(categories) == [name for name in order if name in categories]
    order = ["under_4", "4_to_6", "6_and_over", "unknown"]
    assert list(severities) == [name for name in order if name in severities]


@pytest.mark.parametrize(("severity", "name"), [
    (0, "under_4"), (3.99, "under_4"), (4, "4_to_6"), (5.9, "4_to_6"), (6.0, "6_and_over"), (10, "6_and_over"),
    (None, "unknown"), (float("nan"), "unknown"), (float("inf"), "unknown"), ("high", "unknown"), (True, "unknown"),
])
def test_bands(severity: Any, name: str) -> None:
    assert by_severity([pair(0, "Work", severity)]) == {name: [0]}


def test_the_means_are_those_of_the_groups_pairs() -> None:
    scores = {name: np.array([0.0, 1.0, 2.0]) for name in ("er", "ip", "ex", "empathy")}
    found = group_figures(scores, {"Work": [0, 2], "School": [1]})
    assert found["Work"] == {"er": 1.0, "ip": 1.0, "ex": 1.0, "mean": 1.0, "pairs": 2}
    assert found["School"]["pairs"] == 1


def pairs(layout: list[tuple[int, int]]) -> list[Pair]:
    """Pairs of (category, seed) in this order."""
    return [
        Pair(
            id=f"p{i}", seed_id=f"{category}/{seed}", category=f"c{category}", seed="s", story="s", model="m",
            explanation="e", response="r", reasoning="",
        )
        for i, (category, seed) in enumerate(layout)
    ]


ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40).map(pairs)


@given(ROWS, st.integers(1, 50))
def test_as_many_as_wanted_in_the_files_order_and_more_keep_the_fewer(rows: list[Pair], wanted: int) -> None:
    chosen = draw_pairs(rows, wanted)
    assert len(chosen) == min(wanted, len(rows))
    places = [int(pair.id[1:]) for pair in chosen]
    assert places == sorted(set(places))
    assert {pair.id for pair in chosen} <= {pair.id for pair in draw_pairs(rows, wanted + 1)}


@given(ROWS, st.integers(1, 50))
def test_no_category_or_seed_is_passed_over_for_another(rows: list[Pair], wanted: int) -> None:
    chosen, all_in = Counter(p.category for p in draw_pairs(rows, wanted)), Counter(p.category for p in rows)
    for category in all_in:
        if chosen[category] < all_in[category]:
            assert chosen[category] >= max(chosen.values()) - 1
    seeds, all_seeds = Counter(p.seed_id for p in draw_pairs(rows, wanted)), Counter(p.seed_id for p in rows)
    for seed in all_seeds:
        if seeds[seed] < all_seeds[seed]:
            rivals = [n for other, n in seeds.items() if other.split("/")[0] == seed.split("/")[0]]
            assert seeds[seed] >= max(rivals, default=0) - 1


def test_null_takes_all() -> None:
    rows = pairs([(0, 0)] * 5)
    assert draw_pairs(rows, None) == rows
