"""From rows of numbers to probabilities of the levels, and from these to the level that is named.

Two regressions read a response: one by its sentences, one as a whole. A level is named by its probability and an offset:
the likeliest is right most often, but names rare levels too seldom for macro-F1, in which all levels count alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from synthempathy.scorers.base import LEVELS, MECHANISMS, Floats, Integers, Mechanism
from synthempathy.scorers.linear.features import Features, Matrix, ReadPairs, Rows

#: Offsets that are tried for levels 1 and 2; level 0 has none.
TRIED = np.round(np.arange(-1.0, 1.51, 0.1), 1)
#: A trial is judged with its neighbours, this many steps each way: a lone peak is chance.
NEIGHBOURS = 2
#: Of all trials within this much macro-F1 of the best, the smallest offsets are taken: what is flat says nothing.
AS_GOOD = 0.005
#: Probabilities are clipped to these before their logarithm is taken, to avoid log 0: those that are named from, and those of
#: the regressions.
_SMALLEST, _SMALLEST_READ = 1e-6, 1e-4


@dataclass(frozen=True)
class Regression:
    """Multinomial logistic regression: `coefficients` (3 levels, columns), `intercepts` (3,)."""

    coefficients: Floats
    intercepts: Floats

    def probabilities(self, rows: Matrix) -> Floats:
        """(rows, 3)."""
        likely: Floats = softmax(np.asarray(rows @ self.coefficients.T) + self.intercepts, axis=1)
        return likely


@dataclass(frozen=True)
class Readers:
    """A regression over sentences and one over responses, per mechanism."""

    features: Features
    by_sentence: dict[Mechanism, Regression]
    as_whole: dict[Mechanism, Regression]

    def log_odds(self, read: ReadPairs) -> dict[Mechanism, Floats]:
        """(pairs, 4) per mechanism: log-odds of levels 1 and 2 against 0, by sentences and as a whole."""
        return self.log_odds_of(self.features.rows(read), read.owner, len(read.post_words))

    def log_odds_of(self, rows: Rows, owner: Integers, pairs: int) -> dict[Mechanism, Floats]:
        """As `log_odds`, of rows that are there already."""
        return {
            m: np.concatenate([
                _log_odds(strongest(self.by_sentence[m].probabilities(rows.sentences), owner, pairs)),
                _log_odds(self.as_whole[m].probabilities(rows.responses)),
            ], axis=1) for m in MECHANISMS
        }


def strongest(likely: Floats, owner: Integers, pairs: int) -> Floats:
    """(pairs, 3) from (sentences, 3): a response is as strong as its strongest sentence, and at level 0 without any."""
    none, strong = np.ones(pairs), np.zeros(pairs)
    np.minimum.at(none, owner, likely[:, 0])
    np.maximum.at(strong, owner, likely[:, 2])
    none = np.minimum(none, 1 - strong)
    return np.stack([none, 1 - none - strong, strong], axis=1)


def _log_odds(likely: Floats) -> Floats:
    logs = np.log(np.clip(likely, _SMALLEST_READ, 1.0))
    odds: Floats = logs[:, 1:] - logs[:, :1]
    return odds


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
