"""Learning from labelled pairs: each text is embedded once, whatever is learned from it afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from synthempathy.core.progress import Advance
from synthempathy.scorers.base import Dimension, Floats, Integers, Surroundings
from synthempathy.scorers.embeddings.encoder import Encoder, pair_rows
from synthempathy.scorers.embeddings.model import EmbeddingsScorer, Scale
from synthempathy.scorers.labelled import LabelledPair, dimensions_of
from synthempathy.scorers.levels import Regression, fitted
from synthempathy.scorers.params import EmbeddingsSettings, Scorer
from synthempathy.scorers.stacking import Stack, labels_of

Readers = dict[Dimension, Regression]


def train(
    pairs: Sequence[LabelledPair], settings: Scorer, around: Surroundings, *, run: str, advance: Advance | None,
) -> EmbeddingsScorer:
    """Learn from labelled pairs. InputError if no pair has some level, ModelError without such an encoder."""
    return stacked(pairs, settings, around, advance=advance or (lambda *_: None))[0]


def stacked(
    pairs: Sequence[LabelledPair], settings: Scorer, around: Surroundings, *, advance: Advance,
) -> tuple[EmbeddingsScorer, Stack[Readers]]:
    """The scorer, and the stack that it is the top of, which says what it is worth on pairs that it did not see."""
    encoder = Encoder(settings.embeddings, around.required_machine().device)
    material = Embedded(pairs, settings.embeddings, encoder)
    stack = Stack(material, settings.embeddings.shares, settings.folds, settings.seed, advance)
    naming = stack.naming
    scorer = EmbeddingsScorer(
        encoder, settings.embeddings, material.scale, stack.readers, naming.combiner, naming.offsets,
    )
    return scorer, stack


class Embedded:
    """Labelled pairs as rows of numbers, scaled by what looks at no label."""

    def __init__(self, pairs: Sequence[LabelledPair], settings: EmbeddingsSettings, encoder: Encoder) -> None:
        self.pairs, self._inverse_penalty = pairs, settings.inverse_penalty
        texts = {text: number for number, text in enumerate(dict.fromkeys(t for p in pairs for t in (p.explanation, p.response)))}
        vectors = encoder.vectors(list(texts))
        rows = pair_rows(
            vectors[[texts[p.explanation] for p in pairs]], vectors[[texts[p.response] for p in pairs]],
        )
        self.scale = Scale.fit(rows)
        self._rows = self.scale.of(rows)

    def readers(self, learn: Integers) -> Readers:
        """A regression per mechanism, learned from the pairs `learn`."""
        readers: Readers = {}
        for m in dimensions_of(self.pairs):
            known, levels = labels_of(self.pairs, learn, m)
            readers[m] = fitted(self._rows[known], levels, inverse_penalty=self._inverse_penalty)
        return readers

    def log_odds(self, readers: Readers, of: Integers) -> dict[Dimension, Floats]:
        """(pairs, 2) per mechanism: of levels 1 and 2 against 0."""
        return {m: readers[m].log_odds(self._rows[of]) for m in dimensions_of(self.pairs)}

    def lowered(self, likely: dict[Dimension, Floats], of: Integers) -> dict[Dimension, Floats]:
        """As they are: this scorer has no doubts."""
        return likely


