"""What every scorer does: a score near the level that it names, and the mean of the three."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from synthempathy.core.progress import Advance
from synthempathy.scorers.base import Dimension, Floats, PairScorer, group_numbers
from tests.helpers.empathy import DIMENSIONS


class Torn(PairScorer):
    """Hardly prefers one level to another."""

    whole = "empathy"

    def probabilities(
        self, explanations: Sequence[str], responses: Sequence[str], *, advance: Advance | None = None,
    ) -> dict[Dimension, Floats]:
        likely = np.array([[0.51, 0.0, 0.49], [0.3, 0.4, 0.3], [0.1, 0.44, 0.46], [1.0, 0.0, 0.0]])
        return {m: likely for m in DIMENSIONS}

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def test_a_score_rounds_to_the_level_that_is_named() -> None:
    scores = Torn().score(["a"] * 4, ["b"] * 4)
    np.testing.assert_allclose(scores["er"], [0.49, 1.0, 1.51, 0.0])
    np.testing.assert_allclose(scores["empathy"], scores["er"])
    assert Torn().levels(["a"] * 4, ["b"] * 4)["er"].tolist() == [0, 1, 2, 0]


def test_groups_are_numbered_by_first_appearance() -> None:
    assert group_numbers(["b", "a", "b"]).tolist() == [0, 1, 0]
