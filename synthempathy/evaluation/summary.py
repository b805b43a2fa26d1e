"""The figures of the evaluation: each arm's empathy, and what tuning gained with how much certainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from synthempathy.core.records import Pair
from synthempathy.evaluation.answering import Answer
from synthempathy.evaluation.arms import BASE
from synthempathy.evaluation.bootstrap import (
    Floats,
    Gain,
    Groups,
    count_groups,
    gain,
    interval,
    resampled_means,
    sign_flip_p,
)
from synthempathy.evaluation.groups import by_category, by_severity, group_figures
from synthempathy.evaluation.length import EqualLength, equal_length, word_counts
from synthempathy.evaluation.variety import variety
from synthempathy.scorers.mechanisms import MECHANISMS

SCORES = (*MECHANISMS, "empathy")

#: Scores of an arm's responses: er, ip, ex and their mean, empathy; each (pairs,), 0 to 2.
Scores = dict[str, Floats]


@dataclass(frozen=True)
class Contrast:
    """What an arm gained over base: by score, at equal length, and the p of no difference in empathy."""

    gains: dict[str, Gain]
    equal_length: EqualLength
    p_value: float


class Evaluated:
    """All arms' answers to the same pairs, scored, with one set of bootstrap draws for all figures.

    Attributes:
        seeds: the seed of each pair as a number, the unit that is drawn.
        intervals: the 95% interval of each (arm, score)'s mean; None with a single seed.
    """

    def __init__(
        self, pairs: Sequence[Pair], arms: Mapping[str, Sequence[Answer]], scores: Mapping[str, Scores], seeds: Groups,
        samples: int, seed: int,
    ) -> None:
        self.pairs, self.arms, self.scores, self.seeds = pairs, arms, scores, seeds
        self._samples, self._seed = samples, seed
        self._number = count_groups(seeds)
        columns = [(arm, score) for arm in arms for score in SCORES]
        means = resampled_means(np.column_stack([scores[arm][score] for arm, score in columns]), seeds, samples, seed)
        self._drawn = dict(zip(columns, means.T, strict=True))
        self.intervals = {
            column: interval(values, self._number) if self._number > 1 else None for column, values in self._drawn.items()
        }
        self._words = {arm: word_counts([answer.response for answer in answers]) for arm, answers in arms.items()}

    def contrast(self, arm: str) -> Contrast:
        """`arm` against base."""
        before, after = self.scores[BASE], self.scores[arm]
        gains = {
            s: gain(before[s], after[s], self._drawn[BASE, s], self._drawn[arm, s], self._number) for s in SCORES
        }
        same = equal_length(
            before["empathy"], after["empathy"], self._words[BASE], self._words[arm], self.seeds, self._samples, self._seed,
        )
        p = sign_flip_p(after["empathy"] - before["empathy"], self.seeds, self._samples, self._seed)
        return Contrast(gains, same, p)

    def figures(self, arm: str) -> dict[str, Any]:
        """An arm in numbers: mean scores (0 to 2), their spread over pairs, the responses' health and variety, groups."""
        scores, answers = self.scores[arm], self.arms[arm]
        responses = [answer.response for answer in answers]
        return {
            **{mechanism: float(scores[mechanism].mean()) for mechanism in MECHANISMS},
            "mean": float(scores["empathy"].mean()),
            "std": float(scores["empathy"].std()),
            "pairs": len(answers),
            "words_mean": float(np.mean([len(response.split()) for response in responses])),
            "cut_share": float(np.mean([answer.finish_reason == "length" for answer in answers])),
            "distinct_responses": len(set(responses)),
            **variety(responses),
            "by_category": group_figures(scores, by_category(self.pairs)),
            "by_severity": group_figures(scores, by_severity(self.pairs)),
        }

    def gain_by_category(self, arm: str) -> list[tuple[str, int, float, float | None, float | None]]:
        """(category, pairs, difference to base, its 95% interval), None for the ends where one seed stands for it."""
        difference = self.scores[arm]["empathy"] - self.scores[BASE]["empathy"]
        rows = []
        for name, places in by_category(self.pairs).items():
            seeds = np.unique(self.seeds[places], return_inverse=True)[1]
            number, low, high = count_groups(seeds), None, None
            if number > 1:
                drawn = resampled_means(difference[places][:, None], seeds, self._samples, self._seed)
                low, high = interval(drawn[:, 0], number)
            rows.append((name, len(places), float(difference[places].mean()), low, high))
        return rows


def gain_figures(contrast: Contrast) -> dict[str, Any]:
    """The gain in empathy with its interval and p, at equal length, and by mechanism; None where not defined."""
    same = contrast.equal_length
    equal: dict[str, Any] = {
        "difference": same.difference, "gain_percent": same.percent, "ci_low": same.low, "ci_high": same.high,
        "per_doubling": same.per_doubling,
    }
    figures = _figures(contrast.gains["empathy"]) | {
        "p_value": contrast.p_value,
        "gain_equal_length": equal | ({"note": same.note} if same.note else {}),
        "gain_by_mechanism": {m: _figures(contrast.gains[m]) for m in MECHANISMS},
    }
    return figures


def _figures(gained: Gain) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "gain_percent": gained.percent, "gain_ci_low": gained.low, "gain_ci_high": gained.high,
        "difference": gained.difference,
    }
    return figures | ({"note": gained.note} if gained.note else {})
