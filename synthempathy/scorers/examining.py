"""A scorer, and how far it agrees with the labels of pairs that it did not see: by folds of posts, and by author.

Cross-validation flatters: the other folds hold the same authors' words. What a scorer is worth on other people's texts is
nearer to what it says of an author whom it never read. That figure is the one to steer by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from synthempathy.core.progress import Advance
from synthempathy.scorers.base import Judged, PairScorer, Surroundings
from synthempathy.scorers.kinds import stacked_scorer, train_scorer
from synthempathy.scorers.labelled import LabelledPair, authors_left_out
from synthempathy.scorers.params import Scorer
from synthempathy.scorers.validation import Predictions, cross_validate, predict


@dataclass(frozen=True)
class Examined:
    """A scorer learned from all pairs; what was said of each pair unseen; and of each author's pairs by a scorer of the others.

    `by_author` is empty where a single author wrote the pairs, or the scorer learns nothing from them.
    """

    scorer: PairScorer
    predictions: Predictions
    by_author: dict[str, Predictions]

    def metrics(self) -> dict[str, Any]:
        """Agreement per mechanism in cross-validation, then `leave_one_author_out` where there is more than one author.

        There, per mechanism, macro_f1 is the mean over authors, and each of `authors` has its pairs and its macro-F1.
        """
        figures: dict[str, Any] = {m: found for m, found in self.predictions.metrics().items()}
        authors = {name: predictions.metrics() for name, predictions in self.by_author.items()}
        if not authors:
            return figures
        kept = ("macro_f1", "f1_0", "f1_1", "f1_2")
        means = {
            m: {figure: float(np.mean([found[m][figure] for found in authors.values()])) for figure in kept}
            for m in self.predictions.levels
        }
        each = {
            name: {"pairs": len(self.by_author[name].pairs), **{m: found[m]["macro_f1"] for m in self.predictions.levels}}
            for name, found in authors.items()
        }
        return {**figures, "leave_one_author_out": {**means, "authors": each}}


def steps(pairs: Sequence[LabelledPair], settings: Scorer) -> int:
    """How often `examine` calls `advance`."""
    return settings.folds + 1 + len(_authors(pairs, settings))


def examine(
    pairs: Sequence[LabelledPair], settings: Scorer, around: Surroundings, *, advance: Advance,
) -> Examined:
    """Learn a scorer and measure it (scorer.folds, scorer.seed). InputError where the pairs cannot teach it."""
    stacked = stacked_scorer(pairs, settings, around, advance=advance)
    if stacked is not None:
        scorer, stack = stacked
        return Examined(scorer, _predictions(pairs, stack.cross_validated()), {
            author: _predictions([pairs[i] for i in part], judged) for author, (part, judged) in stack.by_author().items()
        })
    predictions = cross_validate(
        pairs, settings.folds, settings.seed, lambda part, run: train_scorer(part, settings, around, run=run), advance=advance,
    )
    by_author = {}
    for author in _authors(pairs, settings):
        others = train_scorer([p for p in pairs if p.author != author], settings, around, run=f"without-{author}")
        by_author[author] = predict(others, [p for p in pairs if p.author == author])
        advance()
    scorer = train_scorer(pairs, settings, around)
    advance()
    return Examined(scorer, predictions, by_author)


def _authors(pairs: Sequence[LabelledPair], settings: Scorer) -> list[str]:
    """Those that are left out in turn. A judge learns from no pair: cross-validation says all that can be said of it."""
    return [] if settings.kind == "judge" else authors_left_out(pairs)


def _predictions(pairs: Sequence[LabelledPair], judged: Judged) -> Predictions:
    return Predictions(pairs, judged.probabilities, judged.levels)
