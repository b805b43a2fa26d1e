"""From numbers to probabilities of the levels, and from these to the level that is named.

A level is named by its probability and an offset: the likeliest is right most often, but names rare levels too seldom for
macro-F1, in which all levels count alike. A level may be as rare as 4%: without offsets it is never named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import softmax

from synthempathy.scorers.base import LEVELS, Floats, Integers

#: Offsets that are tried for levels 1 and 2; level 0 has none. A level of 4% needs about log(1 / 0.04) = 3.
TRIED = np.round(np.arange(-1.0, 3.01, 0.1), 1)
#: A trial is judged with its neighbours, this many steps each way: a lone peak is chance.
NEIGHBOURS = 2
#: Of all trials within this much macro-F1 of the best, the smallest offsets are taken: what is flat says nothing.
AS_GOOD = 0.005
#: Probabilities are clipped to this before their logarithm is taken, to avoid log 0.
_SMALLEST = 1e-6


@dataclass(frozen=True)
class Regression:
    """Multinomial logistic regression: `coefficients` (3 levels, columns), `intercepts` (3,)."""

    coefficients: Floats
    intercepts: Floats

    def probabilities(self, rows: Any) -> Floats:
        """(rows, 3), of a dense or sparse matrix (rows, columns)."""
        likely: Floats = softmax(np.asarray(rows @ self.coefficients.T) + self.intercepts, axis=1)
        return likely

    def log_odds(self, rows: Any) -> Floats:
        """(rows, 2): of levels 1 and 2 against 0."""
        margins = np.asarray(rows @ self.coefficients.T) + self.intercepts
        odds: Floats = margins[:, 1:] - margins[:, :1]
        return odds


def fitted(rows: Any, levels: Integers, *, inverse_penalty: float = 1.0) -> Regression:
    """A regression learned from rows of numbers. It weighs no level more than another: its probabilities are calibrated."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=inverse_penalty, max_iter=5000).fit(rows, levels)
    return Regression(np.ascontiguousarray(model.coef_), model.intercept_)


def named_levels(probabilities: Floats, offsets: Floats) -> Integers:
    """The level of each row whose log-probability plus offset is largest."""
    levels: Integers = (np.log(np.clip(probabilities, _SMALLEST, 1.0)) + offsets).argmax(axis=1)
    return levels


def best_offsets(labels: Integers, probabilities: Floats, shares: Sequence[float] | None) -> Floats:
    """(3,) offsets for `named_levels`: those of the largest macro-F1 on these pairs, which the probabilities must not have seen.

    With `shares`, levels are taken to be as frequent as these say where the scorer will be used: probabilities are
    corrected by Bayes' rule (Saerens et al., 2002), and the pairs weighed alike.
    """
    from scipy.ndimage import uniform_filter

    here = np.bincount(labels, minlength=len(LEVELS)) / len(labels)
    there = np.asarray(shares) if shares else here
    shift = np.log(there / here)
    shift -= shift[0]
    weights = (there / here)[labels]
    logs = np.log(np.clip(probabilities, _SMALLEST, 1.0)) + shift
    figures = np.array([
        [_macro_f1(labels, (logs + np.array([0, weak, strong])).argmax(axis=1), weights) for strong in TRIED] for weak in TRIED
    ])
    smooth = uniform_filter(figures, 2 * NEIGHBOURS + 1, mode="nearest")
    good = smooth >= smooth.max() - AS_GOOD
    size = np.where(good, np.abs(TRIED)[:, None] + np.abs(TRIED)[None, :], np.inf)
    weak, strong = np.unravel_index(np.round(size, 9).argmin(), size.shape)
    offsets: Floats = shift + np.array([0.0, TRIED[weak], TRIED[strong]])
    return offsets


def _macro_f1(labels: Integers, guessed: Integers, weights: Floats) -> float:
    right = np.bincount(labels[labels == guessed], weights[labels == guessed], len(LEVELS))
    both = np.bincount(labels, weights, len(LEVELS)) + np.bincount(guessed, weights, len(LEVELS))
    return float(np.mean(2 * right / np.maximum(both, 1e-12)))
