"""The gain at equal length: what is left of it when tuned responses are no longer than the base's.

Longer responses have more room for every dimension, and a scorer may take length for worth. Scores are regressed on
the logarithm of words, in each system by itself, with one slope for both (analysis of covariance: score = system + slope *
log words + noise; the slope is the pooled least-squares one of differences within a system, so the systems' own difference
has no part in it). The difference at equal length is the mean difference less slope times the mean difference in log
words. Its interval comes from drawing whole seeds and fitting again. Scores end at 0 and 2, so near the ends the line
is an approximation.

Nothing is extrapolated: the range of lengths that both systems share must hold one in ten of each system's
responses, and no fewer than 3. Otherwise the figures are None, and a note says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthempathy.evaluation.bootstrap import (
    NEAR_ZERO,
    ONE_SEED,
    ZERO_BASE,
    Groups,
    count_groups,
    interval,
    resampled_sums,
)
from synthempathy.scorers.base import Floats

SHARE, FEWEST = 0.1, 3
ZERO_DRAWN = "the base mean or the spread of lengths is 0 in some drawn samples: no interval"


@dataclass(frozen=True)
class EqualLength:
    """`difference` of scores where words are equal; the others are percent of the base's mean score.

    `per_doubling` is what twice the words add to the score, in the same fit.
    """

    difference: float | None = None
    percent: float | None = None
    low: float | None = None
    high: float | None = None
    per_doubling: float | None = None
    note: str | None = None


def word_counts(responses: Sequence[str]) -> Floats:
    """The words of each response, an empty one counted as 1, as a logarithm needs it."""
    return np.array([max(1, len(response.split())) for response in responses], dtype=np.float64)


def equal_length(
    base: Floats, tuned: Floats, base_words: Floats, tuned_words: Floats, groups: Groups, samples: int, seed: int,
) -> EqualLength:
    """The gain of `tuned` over `base` at equal length; all arrays are (pairs,)."""
    note = _no_overlap(base_words, tuned_words)
    if note:
        return EqualLength(note=note)
    sides = [(np.log(words), scores) for words, scores in ((base_words, base), (tuned_words, tuned))]
    sums = np.column_stack([np.ones_like(base), *(column for x, y in sides for column in (x, x * x, y, x * y))])
    height, slope = (float(found[0]) for found in _fitted(sums.sum(axis=0)[None]))
    same = base_words.min() == base_words.max() and tuned_words.min() == tuned_words.max()
    per_doubling = None if same else slope * float(np.log(2))
    if base.mean() < NEAR_ZERO:
        return EqualLength(height, per_doubling=per_doubling, note=ZERO_BASE)
    percent = 100 * height / float(base.mean())
    number = count_groups(groups)
    if number < 2:
        return EqualLength(height, percent, per_doubling=per_doubling, note=ONE_SEED)
    drawn = resampled_sums(sums, groups, samples, seed)
    with np.errstate(divide="ignore", invalid="ignore"):
        percents = 100 * _fitted(drawn)[0] / (drawn[:, 3] / drawn[:, 0])
    if not np.isfinite(percents).all():
        return EqualLength(height, percent, per_doubling=per_doubling, note=ZERO_DRAWN)
    return EqualLength(height, percent, *interval(percents, number), per_doubling)


def _no_overlap(base: Floats, tuned: Floats) -> str | None:
    """Why lengths cannot be compared; None where they can."""
    low, high = max(base.min(), tuned.min()), min(base.max(), tuned.max())
    needed = max(FEWEST, int(np.ceil(SHARE * len(base))))
    within = [int(((words >= low) & (words <= high)).sum()) for words in (base, tuned)]
    if min(within) >= needed:
        return None
    if low > high:
        return (
            f"lengths do not overlap: {base.min():.0f} to {base.max():.0f} words against "
            f"{tuned.min():.0f} to {tuned.max():.0f}"
        )
    return (
        f"lengths hardly overlap: {low:.0f} to {high:.0f} words have {within[0]} and {within[1]} of {len(base)} "
        f"responses, {needed} are needed"
    )


def _fitted(sums: Floats) -> tuple[Floats, Floats]:
    """Difference at equal x and the pooled slope, from sums of 1 and of x, x*x, y, x*y of each system: (fits, 9).

    Where no system's x varies the slope is 0 if both have the same x, and NaN otherwise.
    """
    n = sums[:, 0]
    (x, xx, y, xy), (x2, xx2, y2, xy2) = sums[:, 1:5].T, sums[:, 5:9].T
    spread = (n * xx - x * x) + (n * xx2 - x2 * x2)
    shared = (n * xy - x * y) + (n * xy2 - x2 * y2)
    slope = np.where(np.isclose(x, x2), 0.0, np.nan)
    np.divide(shared, spread, out=slope, where=spread > 1e-9 * n * (xx + xx2))
    return (y2 - y - slope * (x2 - x)) / n, slope
