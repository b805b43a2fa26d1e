"""Cross-validation of any scorer, and how well its levels and probabilities agree with the labels.

Every pair is judged by a scorer that saw neither it nor another reply to its post.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synthempathy.core.files import dump_table
from synthempathy.core.progress import Advance
from synthempathy.scorers.base import LEVELS, Dimension, Floats, Integers, PairScorer, group_numbers
from synthempathy.scorers.labelled import LabelledPair, dimensions_of

#: Bins of equal width over 0..1 that confidences are sorted into.
BINS = 10

#: Learns a scorer from pairs; the second argument names the training ("fold-0", ...).
Train = Callable[[Sequence[LabelledPair], str], PairScorer]


@dataclass(frozen=True)
class Predictions:
    """What a scorer said of pairs that it had not seen: (pairs, 3) probabilities and (pairs,) levels per mechanism."""

    pairs: Sequence[LabelledPair]
    probabilities: dict[Dimension, Floats]
    levels: dict[Dimension, Integers]

    def labelled(self, mechanism: Dimension) -> tuple[Integers, Integers, Floats]:
        """Labels, predicted levels and probabilities of the pairs that have a label for `mechanism`."""
        known = [i for i, pair in enumerate(self.pairs) if pair.levels[mechanism] is not None]
        labels = np.array([self.pairs[i].levels[mechanism] for i in known], dtype=np.intp)
        return labels, self.levels[mechanism][known], self.probabilities[mechanism][known]

    def metrics(self) -> dict[Dimension, dict[str, float]]:
        """accuracy, macro_f1, kappa, f1_0..2 and calibration_error, per mechanism."""
        found: dict[Dimension, dict[str, float]] = {}
        for m in self.levels:
            labels, predicted, probabilities = self.labelled(m)
            found[m] = agreement(labels, predicted) | {"calibration_error": calibration_error(labels, probabilities)}
        return found

    def write_calibration(self, path: Path) -> None:
        """A CSV of mechanism, bin, confidence, accuracy, pairs: see `calibration`."""
        dump_table(path, ("mechanism", "bin", "confidence", "accuracy", "pairs"), (
            (m, *row) for m in self.levels for labels, _, likely in [self.labelled(m)] for row in calibration(labels, likely)
        ))

    def write_confusion(self, path: Path) -> None:
        """A CSV of mechanism, actual, guessed, pairs: nine rows per mechanism."""
        dump_table(path, ("mechanism", "actual", "guessed", "pairs"), (
            (m, *cell) for m in self.levels for labels, named, _ in [self.labelled(m)] for cell in confusion(labels, named)
        ))


def predict(scorer: PairScorer, pairs: Sequence[LabelledPair]) -> Predictions:
    """What `scorer` says of `pairs`."""
    probabilities = scorer.probabilities([p.explanation for p in pairs], [p.response for p in pairs])
    return Predictions(pairs, probabilities, scorer.levels_of(probabilities))


def cross_validate(
    pairs: Sequence[LabelledPair], folds: int, seed: int, train: Train, *, advance: Advance | None = None,
) -> Predictions:
    """Split the posts into `folds`, and predict each fold by a scorer that `train` made from the others."""
    from sklearn.model_selection import GroupKFold

    posts = group_numbers([p.explanation for p in pairs])
    probabilities: dict[Dimension, Floats] = {m: np.zeros((len(pairs), len(LEVELS))) for m in dimensions_of(pairs)}
    levels: dict[Dimension, Integers] = {m: np.zeros(len(pairs), dtype=np.intp) for m in dimensions_of(pairs)}
    splits = GroupKFold(folds, shuffle=True, random_state=seed).split(posts, groups=posts)
    for number, (learn, test) in enumerate(splits):
        fold = predict(train([pairs[i] for i in learn], f"fold-{number}"), [pairs[i] for i in test])
        for m in dimensions_of(pairs):
            probabilities[m][test], levels[m][test] = fold.probabilities[m], fold.levels[m]
        if advance:
            advance()
    return Predictions(pairs, probabilities, levels)


def agreement(labels: Integers, predicted: Integers) -> dict[str, float]:
    """accuracy, macro_f1, kappa, and the F1 of each level: f1_0, f1_1, f1_2.

    kappa is Cohen's, unweighted; 0 where labels and predictions hold only one level.
    """
    from sklearn.metrics import f1_score

    right = float(np.mean(labels == predicted))
    chance = sum(float(np.mean(labels == level) * np.mean(predicted == level)) for level in LEVELS)
    by_level = f1_score(labels, predicted, labels=LEVELS, average=None, zero_division=0.0)
    return {
        "accuracy": right,
        "macro_f1": float(np.mean(by_level)),
        "kappa": (right - chance) / (1 - chance) if chance < 1 else 0.0,
        **{f"f1_{level}": float(f1) for level, f1 in zip(LEVELS, by_level, strict=True)},
    }


def calibration(labels: Integers, probabilities: Floats) -> list[tuple[int, float, float, int]]:
    """(bin, confidence, accuracy, pairs) of each bin that holds a pair.

    A pair's confidence is the probability of its likeliest level; bin `b` of 10 holds confidences from b/10 to
    (b + 1)/10, 1 included in the last. `confidence` and `accuracy` are the bin's means.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * BINS).astype(np.intp), BINS - 1)
    return [
        (b, float(confidence[bins == b].mean()), float(right[bins == b].mean()), int((bins == b).sum()))
        for b in range(BINS) if (bins == b).any()
    ]


def calibration_error(labels: Integers, probabilities: Floats) -> float:
    """Expected calibration error (Guo et al., ICML 2017), 0 to 1, 0 is best.

    The mean over all pairs of |confidence - accuracy| of the pair's bin (see `calibration`), with 10 bins of equal width.
    """
    return sum(abs(sure - right) * pairs for _, sure, right, pairs in calibration(labels, probabilities)) / len(labels)


def confusion(labels: Integers, predicted: Integers) -> list[tuple[int, int, int]]:
    """(actual, predicted, pairs) for each of the nine cells."""
    return [(a, p, int(((labels == a) & (predicted == p)).sum())) for a in LEVELS for p in LEVELS]
