"""Which test pairs are evaluated: evenly over categories and seeds, the same each time."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from synthempathy.core.records import Pair
from synthempathy.evaluation.drawing import drawn


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
    chosen = drawn(rows, wanted)
    assert len(chosen) == min(wanted, len(rows))
    places = [int(pair.id[1:]) for pair in chosen]
    assert places == sorted(set(places))
    assert {pair.id for pair in chosen} <= {pair.id for pair in drawn(rows, wanted + 1)}


@given(ROWS, st.integers(1, 50))
def test_no_category_or_seed_is_passed_over_for_another(rows: list[Pair], wanted: int) -> None:
    chosen, all_in = Counter(p.category for p in drawn(rows, wanted)), Counter(p.category for p in rows)
    for category in all_in:
        if chosen[category] < all_in[category]:
            assert chosen[category] >= max(chosen.values()) - 1
    seeds, all_seeds = Counter(p.seed_id for p in drawn(rows, wanted)), Counter(p.seed_id for p in rows)
    for seed in all_seeds:
        if seeds[seed] < all_seeds[seed]:
            rivals = [n for other, n in seeds.items() if other.split("/")[0] == seed.split("/")[0]]
            assert seeds[seed] >= max(rivals, default=0) - 1


def test_null_takes_all() -> None:
    rows = pairs([(0, 0)] * 5)
    assert drawn(rows, None) == rows
