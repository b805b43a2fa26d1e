"""The difference between two evaluations, dimension by dimension, and whether it is significant.

Paired: the rows' differences, with an interval from drawing whole seeds and a p from flipping the signs of whole seeds
(see `bootstrap`). Unpaired: the difference of the means, seeds drawn from each side by themselves, and a p from
permuting the seeds of both sides. The p of the dimensions are adjusted for multiple tests (Holm); that of their mean is not.

Of a trained model there is one training on each side, and no statistics over its responses can say how far two
trainings differ by chance. So a trained model's difference counts only above a floor, TRAINING_NOISE.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthempathy.evaluation.bootstrap import (
    Groups,
    count_groups,
    group_sums,
    holm,
    interval,
    resampled_means,
    sign_flip_p,
)
from synthempathy.evaluation.score_table import ScoredResponse
from synthempathy.scorers.base import Floats, group_numbers

SAMPLES, SEED = 10_000, 43
LEVEL = 0.05
#: Fewer pairs than this are not compared.
FEWEST_PAIRS = 10
#: On the embedded run tuned models lay up to 0.08 apart that differ in finetune.seed alone, and up to 0.17 where
#: respond.sampling.seed differed (4 trainings).
TRAINING_NOISE = 0.2


@dataclass(frozen=True)
class Difference:
    """A score's mean in both (0 to 2), the second minus the first, its 95% interval (None with one seed), and p.

    A difference under `floor` is never significant. `is_whole`: of the dimensions' mean.
    """

    score: str
    first: float
    second: float
    low: float | None
    high: float | None
    p: float
    floor: float = 0.0
    is_whole: bool = False

    @property
    def difference(self) -> float:
        return self.second - self.first

    @property
    def significant(self) -> bool:
        """Whether chance is an unlikely explanation, at the level of 5%."""
        return self.p < LEVEL and abs(self.difference) >= self.floor

    @property
    def verdict(self) -> str:
        """In words."""
        if not self.significant:
            return "not significant" + (" for one training" if self.p < LEVEL else "")
        return f"significantly {'higher' if self.difference > 0 else 'lower'}"


def seeds_needed(dimensions: int) -> int:
    """With fewer seeds no sign-flip p can fall under LEVEL after Holm's adjustment for so many dimensions."""
    seeds = 1
    while dimensions * 2 / 2**seeds >= LEVEL:
        seeds += 1
    return seeds


def paired_differences(
    pairs: Sequence[tuple[ScoredResponse, ScoredResponse]], *, floor: float = 0.0, samples: int = SAMPLES,
) -> list[Difference]:
    """Second minus first of each pair: the dimensions, then their mean."""
    first, second = (_scores([pair[side] for pair in pairs]) for side in (0, 1))
    seeds = group_numbers([a.seed_id for a, _ in pairs])
    over = second - first
    drawn = resampled_means(over, seeds, samples, SEED)
    p_values = [sign_flip_p(over[:, i], seeds, samples, SEED) for i in range(over.shape[1])]
    return _differences(list(pairs[0][0].scores), first, second, drawn, count_groups(seeds), p_values, floor)


def unpaired_differences(
    first: Sequence[ScoredResponse], second: Sequence[ScoredResponse], *, floor: float = 0.0, samples: int = SAMPLES,
) -> list[Difference]:
    """Mean of all rows of `second` minus that of `first`, as independent samples."""
    values = _scores(first), _scores(second)
    seeds = tuple(group_numbers([row.seed_id for row in rows]) for rows in (first, second))
    drawn = [resampled_means(v, s, samples, SEED + side) for side, (v, s) in enumerate(zip(values, seeds, strict=True))]
    p_values = permutation_p(values, seeds, samples)
    return _differences(list(first[0].scores), *values, drawn[1] - drawn[0], min(map(count_groups, seeds)), p_values, floor)


def _scores(rows: Sequence[ScoredResponse]) -> Floats:
    return np.array([list(row.scores.values()) for row in rows], dtype=np.float64)


def _differences(
    names: Sequence[str], first: Floats, second: Floats, drawn: Floats, groups: int, p_values: Sequence[float], floor: float,
) -> list[Difference]:
    adjusted = [*holm(p_values[:-1]), p_values[-1]]
    found = []
    for i, score in enumerate(names):
        low, high = interval(drawn[:, i], groups) if groups > 1 else (None, None)
        means = float(first[:, i].mean()), float(second[:, i].mean())
        found.append(Difference(score, *means, low, high, adjusted[i], floor, score == names[-1]))
    return found


def permutation_p(values: tuple[Floats, Floats], seeds: tuple[Groups, ...], samples: int) -> list[float]:
    """Two-sided p that the means are the same, from permuting the seeds of both sides."""
    sums = np.vstack([
        group_sums(np.column_stack([v, np.ones(len(v))]), s) for v, s in zip(values, seeds, strict=True)
    ])
    number = count_groups(seeds[0])
    chance = np.random.default_rng([SEED, 2])
    seen = np.abs(_mean_difference(sums, number)) - 1e-9
    extreme = np.zeros(values[0].shape[1])
    for _ in range(samples):
        extreme += np.abs(_mean_difference(chance.permutation(sums), number)) >= seen
    return [float(p) for p in (1 + extreme) / (1 + samples)]


def _mean_difference(sums: Floats, number: int) -> Floats:
    """Means of the groups from `number` on, minus those of the groups before; `sums` ends with the count of pairs."""
    first, second = sums[:number].sum(axis=0), sums[number:].sum(axis=0)
    found: Floats = second[:-1] / second[-1] - first[:-1] / first[-1]
    return found
