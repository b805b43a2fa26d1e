"""Paired statistics over pairs: the percentile bootstrap and the sign-flip test, vectorised and seeded.

Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 13 and 15. A drawn sample takes a pair
with all its arms, so base and tuned are always compared on the same explanations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CELLS = 2_000_000  # resampled cells held at once: 16 MB
TAILS = (0.025, 0.975)  # of the 95% interval
ZERO_BASE = "the base mean is 0: no percentage; see difference"
ZERO_DRAWN = "the base mean is 0 in some drawn samples: no upper end"


@dataclass(frozen=True)
class Gain:
    """What tuning gained. `difference` is tuned mean minus base mean; the rest are percent of the base mean.

    A figure that is not defined, or has no bound, is None, and `note` says why.
    """

    difference: float
    percent: float | None
    low: float | None
    high: float | None
    note: str | None = None


def resampled_means(values: Floats, samples: int, seed: int) -> Floats:
    """Column means of `samples` bootstrap draws of the rows: (pairs, columns) to (samples, columns)."""
    pairs = len(values)
    chance = np.random.default_rng([seed, 0])
    means = np.empty((samples, values.shape[1]))
    step = max(1, CELLS // pairs)
    for start in range(0, samples, step):
        rows = min(step, samples - start)
        drawn = chance.integers(0, pairs, size=(rows, pairs)) + np.arange(rows)[:, None] * pairs
        times = np.bincount(drawn.ravel(), minlength=rows * pairs).reshape(rows, pairs)
        means[start : start + rows] = times @ values / pairs
    return means


def interval(drawn: Floats) -> tuple[float, float]:
    """The 95% percentile interval of drawn figures; infinite ones are ranked, never averaged."""
    low, high = np.quantile(drawn, TAILS, method="inverted_cdf")
    return float(low), float(high)


#: A mean under this is none at all: scores go from 0 to 2, and are written with six places.
NOTHING = 1e-9


def gain(base: Floats, tuned: Floats, base_drawn: Floats, tuned_drawn: Floats) -> Gain:
    """The gain of `tuned` over `base` (a score a pair, 0 or more) with its interval from drawn means."""
    before, after = float(base.mean()), float(tuned.mean())
    if before < NOTHING:
        return Gain(after - before, None, None, None, ZERO_BASE)
    over = tuned_drawn - base_drawn
    # Nothing gained over nothing is 0; something over nothing is without bound.
    unbounded = np.where(over > 0, np.inf, 0.0)
    with np.errstate(over="ignore"):  # over next to nothing it is without bound too
        percents = np.divide(100 * over, base_drawn, out=unbounded, where=base_drawn > 0)
    low, high = (end if np.isfinite(end) else None for end in interval(percents))
    note = ZERO_DRAWN if low is None or high is None else None
    return Gain(after - before, 100 * (after - before) / before, low, high, note)


def sign_flip_p(differences: Floats, samples: int, seed: int) -> float:
    """Two-sided p that the mean difference is 0, from random signs: (1 + as far from 0) / (1 + samples)."""
    pairs = len(differences)
    chance = np.random.default_rng([seed, 1])
    seen = abs(float(differences.sum()))
    seen -= 1e-9 * float(np.abs(differences).sum())  # the same sum in another order is no nearer to 0
    step = max(1, CELLS // pairs)
    extreme = 0
    for start in range(0, samples, step):
        rows = min(step, samples - start)
        signs = np.where(chance.random((rows, pairs)) < 0.5, -1.0, 1.0)
        extreme += int((np.abs(signs @ differences) >= seen).sum())
    return (1 + extreme) / (1 + samples)
