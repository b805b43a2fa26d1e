"""Length: both bounds are allowed, and each text has its own."""

from __future__ import annotations

import pytest

from synthempathy.filters.base import Field
from synthempathy.filters.rules.artifacts.length import check_of
from tests.helpers.pairs import pair_with, reason_of


@pytest.mark.parametrize(
    ("words", "reason"),
    [(1, "too_short"), (3, "too_short"), (4, None), (5, None), (7, None), (8, "too_long"), (90, "too_long")],
)
@pytest.mark.parametrize("field", ["explanation", "response"])
def test_length(field: Field, words: int, reason: str | None) -> None:
    verdict = check_of(field, 4, 7)(pair_with(field, " ".join(["well-known\n"] * words)))
    assert reason_of(verdict) == (reason and f"{field}_{reason}")
    if verdict:
        assert verdict.detail.startswith(f"{field}: {words} words, at ")
