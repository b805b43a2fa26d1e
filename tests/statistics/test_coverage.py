"""What the corpus covers: every pair in one cell, bands by their edges."""

from __future__ import annotations

from typing import Any

import pytest

from synthempathy.core.records import Pair
from synthempathy.statistics.coverage import category_counts, coverage, severity_counts
from tests.helpers.empathy import CATEGORIES
from tests.helpers.pairs import pair_of


def pair(category: str = "Work", **more: Any) -> Pair:
    return Pair.model_validate({**pair_of().model_dump(), "category": category, **more})


@pytest.mark.parametrize(
    ("severity", "band"),
    [(0, "0-2"), (1.99, "0-2"), (2, "2-4"), (8, "8-10"), (10, "8-10"), (10.5, "unknown"), (-0.1, "unknown"),
     (None, "unknown"), ("high", "unknown"), (True, "unknown"), (float("nan"), "unknown")],
)
def test_bands_of_severity(severity: Any, band: str) -> None:
    counts = severity_counts([pair(severity=severity)])
    assert [name for name, count in counts.items() if count] == [band]


def test_a_pair_without_severity_is_of_an_unknown_band() -> None:
    assert severity_counts([pair()])["unknown"] == 1


def test_every_pair_is_in_one_cell_and_every_cell_is_there() -> None:
    pairs = [pair("Zoo", severity=1), pair("Work", severity=1), pair("Work", severity=9), pair("Work")]
    assert list(category_counts(pairs, CATEGORIES)) == [*CATEGORIES, "Zoo"]
    cells = coverage(pairs, CATEGORIES)
    assert len(cells) == 10 * 6 and sum(count for *_, count in cells) == 4
    assert [cell for cell in cells if cell[2]] == [
        ("Work", "0-2", 1), ("Work", "8-10", 1), ("Work", "unknown", 1), ("Zoo", "0-2", 1),
    ]
