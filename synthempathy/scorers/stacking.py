"""A scorer, and what it is worth on pairs that it did not see, from one set of folds.

Readers learn from pairs and say log-odds of the levels; a combiner, learned from what readers said of pairs that they had not
seen, turns these into probabilities; offsets name the level (levels.py). What the readers of each fold said is enough for
all of it: the scorer's own combiner, and the cross-validation, in which a fold is judged by a combiner of the other folds. So
readers are learned once per fold and once for the scorer, not anew within every fold. (The other folds' readers had learned
from the fold's pairs; a few numbers per mechanism cannot remember them.) The same holds for the author that is left out: no
reader that judges him has seen a text of his.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from synthempathy.core.progress import Advance
from synthempathy.scorers.base import LEVELS, Dimension, Floats, Integers, Judged, group_numbers
from synthempathy.scorers.labelled import LabelledPair, authors_left_out, dimensions_of, require_levels
from synthempathy.scorers.levels import Regression, best_offsets, fitted, named_levels
from synthempathy.scorers.params import LevelShares

By = dict[Dimension, Floats]
Readers = TypeVar("Readers")


class Material(Protocol[Readers]):
    """Pairs made ready to be learned from: what looks at no label is computed once, for all folds."""

    pairs: Sequence[LabelledPair]

    def readers(self, learn: Integers) -> Readers:
        """Readers that learned from the pairs `learn`."""

    def log_odds(self, readers: Readers, of: Integers) -> By:
        """(pairs, columns) per mechanism: what `readers` say of the pairs `of`."""

    def lowered(self, likely: By, of: Integers) -> By:
        """The probabilities (pairs, 3) of the pairs `of` after doubts about the replies; as they are without doubts."""


@dataclass(frozen=True)
class Naming:
    """What stands above the readers: a combiner and offsets per mechanism."""

    combiner: dict[Dimension, Regression]
    offsets: dict[Dimension, Floats]


class Stack(Generic[Readers]):
    """The scorer's readers and naming, and what was said of the pairs by such as had not seen them."""

    def __init__(
        self, material: Material[Readers], shares: LevelShares | None, folds: int, seed: int, advance: Advance,
    ) -> None:
        """Learn `folds` times, posts being split by `seed`, and once from all. InputError if some level has no pair."""
        self.material, self._shares, self._advance = material, shares, advance
        self._dimensions = dimensions_of(material.pairs)
        self.everyone = np.arange(len(material.pairs))
        self.readers = material.readers(self.everyone)
        advance()
        self._fold, self._unseen = self._by_folds(folds, seed)
        self.naming = self._named_by(self.everyone)

    def cross_validated(self) -> Judged:
        """What is said of each pair by readers and a naming that learned neither from it nor from another reply to its post."""
        whole = Judged(
            {m: np.zeros((len(self.everyone), len(LEVELS))) for m in self._dimensions},
            {m: np.zeros(len(self.everyone), dtype=np.intp) for m in self._dimensions},
        )
        for fold in range(int(self._fold.max()) + 1):
            part = self.everyone[self._fold == fold]
            odds = {m: unseen[part] for m, unseen in self._unseen.items()}
            judged = self._judged(odds, self._named_by(self.everyone[self._fold != fold]), part)
            for m in self._dimensions:
                whole.probabilities[m][part], whole.levels[m][part] = judged.probabilities[m], judged.levels[m]
        return whole

    def by_author(self) -> dict[str, tuple[Integers, Judged]]:
        """For each author whom the others can replace: his pairs, and what a scorer of the other authors says of them."""
        done: dict[str, tuple[Integers, Judged]] = {}
        for author in authors_left_out(self.material.pairs):
            own = np.array([pair.author == author for pair in self.material.pairs])
            others, part = self.everyone[~own], self.everyone[own]
            odds = self.material.log_odds(self.material.readers(others), part)
            done[author] = part, self._judged(odds, self._named_by(others), part)
            self._advance()
        return done

    def _by_folds(self, folds: int, seed: int) -> tuple[Integers, By]:
        """Each pair's fold, and what the readers of the other folds say of it."""
        from sklearn.model_selection import GroupKFold

        posts = group_numbers([p.explanation for p in self.material.pairs])
        fold, unseen = np.zeros(len(posts), dtype=np.intp), dict[Dimension, Floats]()
        splits = GroupKFold(min(folds, int(posts.max()) + 1), shuffle=True, random_state=seed).split(posts, groups=posts)
        for number, (learn, test) in enumerate(splits):
            fold[test] = number
            for m, part in self.material.log_odds(self.material.readers(learn), test).items():
                unseen.setdefault(m, np.zeros((len(posts), part.shape[1])))[test] = part
            self._advance()
        return fold, unseen

    def _named_by(self, learn: Integers) -> Naming:
        """A naming learned from what was said of the pairs `learn` while they were unseen."""
        labels = {m: labels_of(self.material.pairs, learn, m) for m in self._dimensions}
        combiner = {m: fitted(self._unseen[m][known], levels) for m, (known, levels) in labels.items()}
        place = np.full(len(self.everyone), -1)
        place[learn] = np.arange(len(learn))
        likely = self.material.lowered({m: combiner[m].probabilities(self._unseen[m][learn]) for m in self._dimensions}, learn)
        shares = self._shares
        return Naming(combiner, {
            m: best_offsets(levels, likely[m][place[known]], shares.of(m) if shares else None)
            for m, (known, levels) in labels.items()
        })

    def _judged(self, odds: By, naming: Naming, part: Integers) -> Judged:
        likely = self.material.lowered({m: naming.combiner[m].probabilities(odds[m]) for m in self._dimensions}, part)
        return Judged(likely, {m: named_levels(likely[m], naming.offsets[m]) for m in self._dimensions})


def labels_of(pairs: Sequence[LabelledPair], among: Integers, mechanism: Dimension) -> tuple[Integers, Integers]:
    """Which of the pairs `among` have a label, and the labels. InputError if some level has none."""
    known = np.array([i for i in among if pairs[i].levels[mechanism] is not None], dtype=np.intp)
    labels = np.array([pairs[i].levels[mechanism] for i in known], dtype=np.intp)
    require_levels(labels.tolist(), mechanism)
    return known, labels
