"""Paired statistics over whole seeds: the percentile bootstrap and the sign-flip test, vectorised and seeded.

Pairs of one seed have similar stories, so they are not independent evidence. What is drawn, and what is flipped, is
therefore a whole seed with all its pairs, and a pair with all its systems (the cluster bootstrap: Davison and Hinkley,
Bootstrap Methods and their Application, 1997, 3.8; paired tests: Efron and Tibshirani, An Introduction to the
Bootstrap, 1993, chapters 13 and 15). With few seeds percentile intervals are too narrow; they are widened as Hesterberg
does (What Teachers Should Know About the Bootstrap, 2015, "expanded percentile").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthempathy.scorers.base import Floats, Integers

#: The seed of each pair as a number from 0: (pairs,). See `synthempathy.scorers.base.group_numbers`.
Groups = Integers

CELLS = 2_000_000  # resampled cells held at once: 16 MB
#: A mean below this counts as 0: scores go from 0 to 2, and are written with six places.
NEAR_ZERO = 1e-9
ZERO_BASE = "the base mean is 0: no percentage; see difference"
ZERO_DRAWN = "the base mean is 0 in some drawn samples: no upper end"
ONE_SEED = "all pairs are of one seed: no interval"


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


def count_groups(groups: Groups) -> int:
    """How many groups there are."""
    return int(groups.max()) + 1 if len(groups) else 0


def group_sums(values: Floats, groups: Groups) -> Floats:
    """Column sums by group: (pairs, columns) to (groups, columns)."""
    sums = np.zeros((count_groups(groups), values.shape[1]))
    np.add.at(sums, groups, values)
    return sums


def resampled_sums(values: Floats, groups: Groups, samples: int, seed: int) -> Floats:
    """Column sums of `samples` draws of whole groups: (pairs, columns) to (samples, columns)."""
    sums = group_sums(values, groups)
    number = len(sums)
    chance = np.random.default_rng([seed, 0])
    totals = np.empty((samples, values.shape[1]))
    step = max(1, CELLS // number)
    for start in range(0, samples, step):
        rows = min(step, samples - start)
        drawn = chance.integers(0, number, size=(rows, number)) + np.arange(rows)[:, None] * number
        times = np.bincount(drawn.ravel(), minlength=rows * number).reshape(rows, number)
        totals[start : start + rows] = times @ sums
    return totals


def resampled_means(values: Floats, groups: Groups, samples: int, seed: int) -> Floats:
    """Column means of `samples` draws of whole groups, each pair drawn counting the same."""
    sums = resampled_sums(np.column_stack([values, np.ones(len(values))]), groups, samples, seed)
    means: Floats = sums[:, :-1] / sums[:, -1:]
    return means


def tails(groups: int) -> tuple[float, float]:
    """The quantiles that bound a 95% interval from so many groups: 0.025 and 0.975 for many, wider for few."""
    from scipy.stats import norm, t

    if groups < 2:
        return 0.0, 1.0
    low = float(norm.cdf(-np.sqrt(groups / (groups - 1)) * t.ppf(0.975, groups - 1)))
    return low, 1 - low


def interval(drawn: Floats, groups: int) -> tuple[float, float]:
    """The 95% percentile interval of drawn figures; infinite ones are ranked, never averaged."""
    low, high = np.quantile(drawn, tails(groups), method="inverted_cdf")
    return float(low), float(high)


def gain(base: Floats, tuned: Floats, base_drawn: Floats, tuned_drawn: Floats, groups: int) -> Gain:
    """The gain of `tuned` over `base` (a score per pair, 0 or more) with its interval from drawn means."""
    before, after = float(base.mean()), float(tuned.mean())
    if before < NEAR_ZERO:
        return Gain(after - before, None, None, None, ZERO_BASE)
    percent = 100 * (after - before) / before
    if groups < 2:
        return Gain(after - before, percent, None, None, ONE_SEED)
    over = tuned_drawn - base_drawn
    # A gain of 0 over 0 is 0; any other gain over 0 is without bound.
    unbounded = np.where(over > 0, np.inf, 0.0)
    with np.errstate(over="ignore"):  # over almost 0 it is without bound too
        percents = np.divide(100 * over, base_drawn, out=unbounded, where=base_drawn > 0)
    low, high = (end if np.isfinite(end) else None for end in interval(percents, groups))
    note = ZERO_DRAWN if low is None or high is None else None
    return Gain(after - before, percent, low, high, note)


def sign_flip_p(differences: Floats, groups: Groups, samples: int, seed: int) -> float:
    """Two-sided p that the mean difference is 0, from random signs of whole groups: (1 + as far from 0) / (1 + samples).

    Of k groups at most 2**k sign patterns are different, so p cannot fall far below 2 / 2**k.
    """
    sums = group_sums(differences[:, None], groups)[:, 0]
    number = len(sums)
    chance = np.random.default_rng([seed, 1])
    seen = abs(float(sums.sum()))
    seen -= 1e-9 * float(np.abs(differences).sum())  # the same sum in another order counts as equal
    step = max(1, CELLS // number)
    extreme = 0
    for start in range(0, samples, step):
        rows = min(step, samples - start)
        signs = np.where(chance.random((rows, number)) < 0.5, -1.0, 1.0)
        extreme += int((np.abs(signs @ sums) >= seen).sum())
    return (1 + extreme) / (1 + samples)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values, adjusted for multiple tests (Holm 1979), in their order; none above 1."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted = [0.0] * len(p_values)
    floor = 0.0
    for rank, place in enumerate(order):
        floor = max(floor, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = floor
    return adjusted
