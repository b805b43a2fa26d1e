"""The figures of the evaluation: each arm's empathy, and what tuning gained with how much certainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stages.evaluation.answering import Answer
from stages.evaluation.bootstrap import Floats, Gain, gain, interval, resampled_means, sign_flip_p
from stages.evaluation.mechanisms import MECHANISMS

ARMS = ("base", "tuned", "corpus")
SCORES = (*MECHANISMS, "empathy")

#: Scores of an arm's responses: er, ip, ex and their mean, empathy; each (pairs,), 0 to 2.
Scores = dict[str, Floats]


@dataclass(frozen=True)
class Comparison:
    """Gains and intervals from one set of bootstrap draws."""

    gains: dict[str, Gain]
    intervals: dict[tuple[str, str], tuple[float, float]]
    p_value: float


def compare(scores: dict[str, Scores], samples: int, seed: int) -> Comparison:
    """Tuned against base for each score, with each arm's own 95% interval by (arm, score)."""
    columns = [(arm, score) for arm in ARMS for score in SCORES]
    means = resampled_means(np.column_stack([scores[arm][score] for arm, score in columns]), samples, seed)
    drawn = dict(zip(columns, means.T, strict=True))
    base, tuned = scores["base"], scores["tuned"]
    gains = {s: gain(base[s], tuned[s], drawn["base", s], drawn["tuned", s]) for s in SCORES}
    intervals = {column: interval(values) for column, values in drawn.items()}
    return Comparison(gains, intervals, sign_flip_p(tuned["empathy"] - base["empathy"], samples, seed))


def arm_figures(scores: Scores, answers: Sequence[Answer]) -> dict[str, float | int]:
    """An arm in numbers: mean scores (0 to 2), the spread of empathy over pairs, and the responses' health."""
    responses = [answer.response for answer in answers]
    return {
        **{mechanism: float(scores[mechanism].mean()) for mechanism in MECHANISMS},
        "mean": float(scores["empathy"].mean()),
        "std": float(scores["empathy"].std()),
        "pairs": len(answers),
        "words_mean": float(np.mean([len(response.split()) for response in responses])),
        "cut_share": float(np.mean([answer.finish_reason == "length" for answer in answers])),
        "distinct_responses": len(set(responses)),
    }


def gain_figures(comparison: Comparison) -> dict[str, object]:
    """The gain in empathy with its interval and p, then the gain by mechanism; None where not defined."""
    whole = comparison.gains["empathy"]
    figures: dict[str, object] = {
        "gain_percent": whole.percent,
        "gain_ci_low": whole.low,
        "gain_ci_high": whole.high,
        "difference": whole.difference,
        "p_value": comparison.p_value,
        "gain_by_mechanism": {m: _figures(comparison.gains[m]) for m in MECHANISMS},
    }
    return figures | ({"note": whole.note} if whole.note else {})


def _figures(gained: Gain) -> dict[str, object]:
    figures: dict[str, object] = {
        "gain_percent": gained.percent, "gain_ci_low": gained.low, "gain_ci_high": gained.high,
        "difference": gained.difference,
    }
    return figures | ({"note": gained.note} if gained.note else {})
