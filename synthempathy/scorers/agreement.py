"""How well guessed levels and their probabilities agree with the labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synthempathy.scorers.mechanisms import LEVELS

#: Bins of equal width over 0..1 that confidences are sorted into.
BINS = 10

Levels = NDArray[np.intp]
Floats = NDArray[np.float64]


def agreement(labels: Levels, guessed: Levels) -> dict[str, float]:
    """accuracy, macro_f1, kappa, and the F1 of each level: f1_0, f1_1, f1_2.

    kappa is Cohen's, unweighted; 0 where labels and guesses hold one level alone.
    """
    from sklearn.metrics import f1_score

    right = float(np.mean(labels == guessed))
    chance = sum(float(np.mean(labels == level) * np.mean(guessed == level)) for level in LEVELS)
    by_level = f1_score(labels, guessed, labels=LEVELS, average=None, zero_division=0.0)
    return {
        "accuracy": right,
        "macro_f1": float(np.mean(by_level)),
        "kappa": (right - chance) / (1 - chance) if chance < 1 else 0.0,
        **{f"f1_{level}": float(f1) for level, f1 in zip(LEVELS, by_level, strict=True)},
    }


def calibration(labels: Levels, probabilities: Floats) -> list[tuple[int, float, float, int]]:
    """(bin, confidence, accuracy, pairs) of each bin that holds a pair.

    A pair's confidence is the probability of its likeliest level; bin `b` of 10 holds confidences from b/10 to
    (b + 1)/10, 1 included in the last. `confidence` and `accuracy` are the bin's means.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    place = np.minimum((confidence * BINS).astype(np.intp), BINS - 1)
    return [
        (b, float(confidence[place == b].mean()), float(right[place == b].mean()), int((place == b).sum()))
        for b in range(BINS) if (place == b).any()
    ]


def calibration_error(labels: Levels, probabilities: Floats) -> float:
    """Expected calibration error (Guo et al., ICML 2017), 0 to 1, 0 is best.

    The mean over all pairs of |confidence - accuracy| of the pair's bin (see `calibration`), with 10 bins of equal width.
    """
    return sum(abs(sure - right) * pairs for _, sure, right, pairs in calibration(labels, probabilities)) / len(labels)


def confusion(labels: Levels, guessed: Levels) -> list[tuple[int, int, int]]:
    """(actual, guessed, pairs) for each of the nine cells."""
    return [(a, g, int(((labels == a) & (guessed == g)).sum())) for a in LEVELS for g in LEVELS]


def groups(posts: Sequence[str]) -> list[int]:
    """A number for each distinct post, in order of appearance: replies to one post share it."""
    numbers = {post: number for number, post in enumerate(dict.fromkeys(posts))}
    return [numbers[post] for post in posts]
