"""What every scorer does alike: levels and expected levels from probabilities."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthempathy.scorers import Floats
from synthempathy.scorers.mechanisms import LEVELS, MECHANISMS, Mechanism, empathy

#: How far a score may stand from the level that the scorer names: below 0.5, so that it rounds to that level.
_NEAR = 0.49


class BaseScorer(ABC):
    """A scorer that says how likely each level is. The rest follows (protocol `Scorer`)."""

    @abstractmethod
    def probabilities(
        self, explanations: Sequence[str], responses: Sequence[str], *, advance: Callable[..., None] | None = None,
    ) -> dict[Mechanism, Floats]:
        """(pairs, 3 levels) a mechanism; each row sums to 1. `advance(steps)` is told of pairs that are done."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the scorer to `folder` (made if missing)."""

    def score(
        self, explanations: Sequence[str], responses: Sequence[str], *, advance: Callable[..., None] | None = None,
    ) -> dict[str, Floats]:
        """`er`, `ip`, `ex` of each pair, and `empathy`, their mean, each 0 to 2.

        A mechanism's score is its expected level, kept so near the level that the scorer names that it rounds to it.
        """
        likely = self.probabilities(explanations, responses, advance=advance)
        named = self.levels_of(likely)
        scores: dict[str, Floats] = {}
        for m in MECHANISMS:
            expected = likely[m] @ np.asarray(LEVELS, dtype=np.float64)
            scores[m] = np.clip(expected, np.maximum(named[m] - _NEAR, 0.0), np.minimum(named[m] + _NEAR, 2.0))
        return {**scores, "empathy": empathy(scores)}

    def levels(self, explanations: Sequence[str], responses: Sequence[str]) -> dict[Mechanism, NDArray[np.intp]]:
        """The likeliest level of each pair, 0, 1 or 2."""
        return self.levels_of(self.probabilities(explanations, responses))

    def levels_of(self, probabilities: dict[Mechanism, Floats]) -> dict[Mechanism, NDArray[np.intp]]:
        """The level that the scorer names, given the `probabilities` that it found: the likeliest."""
        return {m: probabilities[m].argmax(axis=1) for m in MECHANISMS}
