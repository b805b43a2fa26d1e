"""What reads a response: regressions over its sentences, and over the response as a whole.

Each is two logistic regressions, the steps from level to level: is it 1 or 2, and is it 2? Their solver works on sparse
rows (LIBLINEAR's, by its dual: Fan et al., JMLR 2008), and takes a tenth of the time of a multinomial one by L-BFGS.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthempathy.scorers.base import LEVELS, Dimension, Floats, Integers
from synthempathy.scorers.linear.features import Features, Matrix, ReadPairs, Rows

#: Inverse strength of the penalty, and the power to which a level's rarity is weighed: 0 leaves rare levels rare, 1 makes
#: all levels count the same.
INVERSE_PENALTY = 1.0
RARITY_POWER = 0.5
#: Log-odds are kept within this much of 0.
_MOST = 9.0
_TOLERANCE = 0.1  # of the dual; a hundredth of it changes no figure


@dataclass(frozen=True)
class Steps:
    """`coefficients` (2, columns) and `intercepts` (2,) of the log-odds of level 1 or 2 against 0, and of 2 against the rest."""

    coefficients: Floats
    intercepts: Floats

    @classmethod
    def fit(cls, rows: Matrix, levels: Integers) -> Steps:
        """Learn from rows and their levels, of which each must appear."""
        from sklearn.linear_model import LogisticRegression

        rarity = (len(levels) / np.bincount(levels, minlength=len(LEVELS))) ** RARITY_POWER
        weights = rarity[levels] * len(levels) / rarity[levels].sum()
        coefficients, intercepts = [], []
        for step in LEVELS[1:]:
            model = LogisticRegression(
                C=INVERSE_PENALTY, solver="liblinear", dual=True, tol=_TOLERANCE, max_iter=1000, random_state=0,
            )
            model.fit(rows, levels >= step, sample_weight=weights)
            coefficients.append(model.coef_[0])
            intercepts.append(float(model.intercept_[0]))
        return cls(np.array(coefficients), np.array(intercepts))

    def log_odds(self, rows: Matrix) -> Floats:
        """(rows, 2)."""
        return np.clip(np.asarray(rows @ self.coefficients.T) + self.intercepts, -_MOST, _MOST)


@dataclass(frozen=True)
class Readers:
    """Steps over sentences and steps over responses, per mechanism."""

    features: Features
    by_sentence: dict[Dimension, Steps]
    as_whole: dict[Dimension, Steps]

    def log_odds(self, read: ReadPairs) -> dict[Dimension, Floats]:
        """(pairs, 4) per mechanism: the log-odds of both steps, by sentences and as a whole."""
        return self.log_odds_of(self.features.rows(read), read.owner)

    def log_odds_of(self, rows: Rows, owner: Integers) -> dict[Dimension, Floats]:
        """As `log_odds`, of rows that are there already; `owner` is the response of each sentence, in order."""
        return {
            m: np.concatenate([
                strongest(self.by_sentence[m].log_odds(rows.sentences), owner, rows.responses.shape[0]),
                self.as_whole[m].log_odds(rows.responses),
            ], axis=1) for m in self.by_sentence
        }


def strongest(odds: Floats, owner: Integers, pairs: int) -> Floats:
    """(pairs, 2) from (sentences, 2): a response is as strong as its strongest sentence, and at level 0 without any."""
    most = np.full((pairs, odds.shape[1]), -_MOST)
    if len(owner):
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        most[owner[starts]] = np.maximum.reduceat(odds, starts, axis=0)
    return most
