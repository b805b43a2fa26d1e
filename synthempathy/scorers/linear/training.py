"""Learning the linear scorer from labelled pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synthempathy.core.progress import Advance
from synthempathy.scorers.base import LEVELS, Dimension, Floats, Integers, Surroundings
from synthempathy.scorers.labelled import LabelledPair, dimensions_of
from synthempathy.scorers.linear.cues import read_cues
from synthempathy.scorers.linear.doubts import Doubts
from synthempathy.scorers.linear.features import Features, Rows, read_pairs
from synthempathy.scorers.linear.model import LinearScorer
from synthempathy.scorers.linear.readers import Readers, Steps
from synthempathy.scorers.params import LinearSettings, Scorer
from synthempathy.scorers.stacking import Stack, labels_of

#: Folds that the posts are split into where the caller asks for no cross-validation.
FOLDS = 5


def train(
    pairs: Sequence[LabelledPair], settings: Scorer, around: Surroundings, *, run: str, advance: Advance | None,
) -> LinearScorer:
    """Learn from labelled pairs, in seconds. InputError if no pair has some level."""
    return fit(pairs, settings.linear, around, seed=settings.seed)


def stacked(
    pairs: Sequence[LabelledPair], settings: Scorer, around: Surroundings, *, advance: Advance,
) -> tuple[LinearScorer, Stack[Readers]]:
    """The scorer, and the stack that it is the top of, which says what it is worth on pairs that it did not see."""
    return _stacked(pairs, settings.linear, around, settings.folds, settings.seed, advance)


def fit(pairs: Sequence[LabelledPair], settings: LinearSettings, around: Surroundings, *, seed: int) -> LinearScorer:
    """As `train`. Posts are split into folds by `seed`."""
    return around.named(_stacked(pairs, settings, around, FOLDS, seed, lambda: None)[0])


def _stacked(
    pairs: Sequence[LabelledPair], settings: LinearSettings, around: Surroundings, folds: int, seed: int, advance: Advance,
) -> tuple[LinearScorer, Stack[Readers]]:
    material = ReadMaterial(pairs, settings, around)
    stack = Stack(material, settings.shares, folds, seed, advance)
    return LinearScorer(stack.readers, stack.naming.combiner, stack.naming.offsets, material.doubts), stack


class ReadMaterial:
    """Labelled pairs, read once: their rows, whatever is learned from them, and the levels of their sentences.

    Which words are counted, and which stems are rare, is decided by all pairs: that looks at no label.
    """

    def __init__(self, pairs: Sequence[LabelledPair], settings: LinearSettings, around: Surroundings) -> None:
        rubric = around.rubric
        self.pairs, self.dimensions = pairs, dimensions_of(pairs)
        cues = read_cues(around.cues, around.wording)
        self.read = read_pairs([p.explanation for p in pairs], [p.response for p in pairs], cues.known)
        self.features = Features.fit(cues, self.read)
        self.rows = self.features.rows(self.read)
        need = rubric.need_the_explanation if rubric else self.dimensions
        self.doubts = Doubts.fit(self.read, need) if settings.doubts else None
        self._sentence_levels = {m: self._levels_of_sentences(m) for m in self.dimensions}
        self._kept = self.doubts.kept(self.read) if self.doubts else None

    def readers(self, learn: Integers) -> Readers:
        """The steps of each mechanism, learned from the pairs `learn`."""
        among = np.isin(self.read.owner, learn)
        by_sentence: dict[Dimension, Steps] = {}
        as_whole: dict[Dimension, Steps] = {}
        for m in self.dimensions:
            known, labels = labels_of(self.pairs, learn, m)
            as_whole[m] = Steps.fit(self.rows.responses[known], labels)
            carried = np.flatnonzero(among & (self._sentence_levels[m] >= 0))
            levels = self._sentence_levels[m][carried]
            if len(np.unique(levels)) < len(LEVELS):  # no rationales: what is said of whole responses must do
                by_sentence[m] = as_whole[m]
            else:
                by_sentence[m] = Steps.fit(self.rows.sentences[carried], levels)
        return Readers(self.features, by_sentence, as_whole)

    def log_odds(self, readers: Readers, of: Integers) -> dict[Dimension, Floats]:
        """What `readers` say of the pairs `of`."""
        return readers.log_odds_of(*self._only(of))

    def lowered(self, likely: dict[Dimension, Floats], of: Integers) -> dict[Dimension, Floats]:
        """The probabilities of the pairs `of`, after the doubts."""
        return self._kept.of(of).lowered(likely) if self._kept else likely

    def _levels_of_sentences(self, mechanism: Dimension) -> Integers:
        """The level that each sentence carries; -1 where it cannot be known."""
        starts = np.searchsorted(self.read.owner, np.arange(len(self.pairs) + 1))
        return np.array([
            -1 if level is None else level for n, pair in enumerate(self.pairs)
            for level in pair.sentence_levels(self.read.sentences[starts[n] : starts[n + 1]], mechanism)
        ], dtype=np.intp)

    def _only(self, pairs: Integers) -> tuple[Rows, Integers]:
        """The rows of some pairs, and the pair of each of their sentences, numbered anew."""
        place = np.full(len(self.pairs), -1)
        place[pairs] = np.arange(len(pairs))
        owner = place[self.read.owner]
        return Rows(self.rows.sentences[owner >= 0], self.rows.responses[pairs]), owner[owner >= 0]
