"""The rows of a grid: spread over the categories, and the same ones when more are wanted."""

from __future__ import annotations

from collections import Counter

from synthempathy.core.records import Seed
from synthempathy.sampling.draw import draw_evenly


def test_rows_are_drawn_evenly_over_the_categories() -> None:
    rows = [Seed(id=f"{kind}{n}", sentence="x", category=kind, severity=None, source="t") for kind in "ABC" for n in range(9)]
    assert Counter(row.category for row in draw_evenly(rows, 6, 1)) == {"A": 2, "B": 2, "C": 2}
    four, five = ({row.id for row in draw_evenly(rows, wanted, 1)} for wanted in (4, 5))
    assert four < five
    assert draw_evenly(rows, 99, 1) == rows
