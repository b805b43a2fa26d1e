"""How far the judge agrees with itself: its answers to one pair, compared. All figures are of one mechanism."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synthempathy.scorers.mechanisms import LEVELS

Votes = NDArray[np.intp]


def self_agreement(votes: Votes) -> dict[str, float | None]:
    """Figures of `votes`, (pairs, 3): how many answers named each level. Pairs with one answer say nothing and are left out.

    majority  mean share of the level named most, 1/3 to 1
    pairwise  how often two answers to one pair name the same level, 0 to 1
    alpha     Krippendorff's, by squared distance of the levels (Krippendorff, Content Analysis, 2004): 1 perfect, 0 chance
    None where there is nothing to compare (alpha also where all answers to all pairs are the same).
    """
    several = votes[votes.sum(axis=1) > 1].astype(np.float64)
    if not len(several):
        return {"majority": None, "pairwise": None, "alpha": None}
    answers = several.sum(axis=1)
    same = (several * (several - 1)).sum(axis=1) / (answers * (answers - 1))
    return {
        "majority": float((several.max(axis=1) / answers).mean()), "pairwise": float(same.mean()), "alpha": _alpha(several),
    }


def _alpha(votes: NDArray[np.float64]) -> float | None:
    """1 - observed / expected disagreement."""
    levels = np.asarray(LEVELS, dtype=np.float64)
    distance = (levels[:, None] - levels[None, :]) ** 2
    # Of two different answers to one pair, how often they are (level, level); the diagonal has distance 0.
    together = (votes[:, :, None] * votes[:, None, :] / (votes.sum(axis=1) - 1)[:, None, None]).sum(axis=0)
    named = votes.sum(axis=0)
    total = named.sum()
    observed = (together * distance).sum() / total
    expected = (np.outer(named, named) * distance).sum() / (total * (total - 1))
    return float(1 - observed / expected) if expected else None
