"""The two that read a response: one by its sentences, one as a whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from synthempathy.scorers import Floats
from synthempathy.scorers.linear.features import Features, Matrix, Read, Rows
from synthempathy.scorers.mechanisms import MECHANISMS, Mechanism

_SMALLEST = 1e-4  # probabilities are kept this far from 0 before their logarithm is taken: nobody is that sure


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
    """A regression over sentences and one over responses, a mechanism."""

    features: Features
    by_sentence: dict[Mechanism, Regression]
    as_whole: dict[Mechanism, Regression]

    def opinions(self, read: Read) -> dict[Mechanism, Floats]:
        """(pairs, 4) a mechanism: log-odds of levels 1 and 2 against 0, by sentences and as a whole."""
        return self.opinions_of(self.features.rows(read), read.owner, len(read.told))

    def opinions_of(self, rows: Rows, owner: NDArray[np.intp], pairs: int) -> dict[Mechanism, Floats]:
        """As `opinions`, of rows that are there already."""
        return {
            m: np.concatenate([
                _log_odds(strongest(self.by_sentence[m].probabilities(rows.sentences), owner, pairs)),
                _log_odds(self.as_whole[m].probabilities(rows.responses)),
            ], axis=1) for m in MECHANISMS
        }


def strongest(likely: Floats, owner: NDArray[np.intp], pairs: int) -> Floats:
    """(pairs, 3) from (sentences, 3): a response is as strong as its strongest sentence, and at level 0 without any."""
    none, strong = np.ones(pairs), np.zeros(pairs)
    np.minimum.at(none, owner, likely[:, 0])
    np.maximum.at(strong, owner, likely[:, 2])
    none = np.minimum(none, 1 - strong)
    return np.stack([none, 1 - none - strong, strong], axis=1)


def _log_odds(likely: Floats) -> Floats:
    logs = np.log(np.clip(likely, _SMALLEST, 1.0))
    odds: Floats = logs[:, 1:] - logs[:, :1]
    return odds
