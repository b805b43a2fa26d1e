"""The linear scorer: a response is read by its sentences and as a whole, and what both say is combined.

By sentences: EPITOME's own model learns levels and rationales together (Sharma et al., EMNLP 2020). So does this one,
without a neural network: a labelled pair's rationale says which of its sentences carry the level, logistic regressions
learn sentences, and a response is as strong as its strongest sentence.
As a whole: others read the whole response, and need no rationales (readers.py).
Combined: a multinomial regression, learned from what these said of pairs that they had not seen, turns both into
probabilities. It weighs no level more than another, so the probabilities are calibrated. Then come doubts (doubts.py), and
the level that is named (levels.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from synthempathy.core.progress import Advance
from synthempathy.scorers.base import (
    LEVELS,
    NO_WORDS,
    SETTINGS_FILE,
    Dimension,
    Floats,
    Integers,
    PairScorer,
    Surroundings,
    write_settings,
)
from synthempathy.scorers.levels import Regression, named_levels
from synthempathy.scorers.linear.cues import Cues
from synthempathy.scorers.linear.doubts import Doubts
from synthempathy.scorers.linear.features import Features, Vocabulary, read_pairs
from synthempathy.scorers.linear.readers import Readers, Steps

_WEIGHTS = "weights.safetensors"
_CHUNK = 1000  # pairs read at a time: bounds memory, and is what a worker gets
_ALONE = 4 * _CHUNK  # up to here one process is faster than starting others


class LinearScorer(PairScorer):
    """Scores pairs by mechanism. Made by `train` or `load`. Without `doubts`, no reply is doubted."""

    def __init__(
        self, readers: Readers, combiner: dict[Dimension, Regression], offsets: dict[Dimension, Floats],
        doubts: Doubts | None,
    ) -> None:
        self.readers, self.combiner, self.offsets, self.doubts = readers, combiner, offsets, doubts
        self.dimensions = tuple(combiner)

    def probabilities(
        self, explanations: Sequence[str], responses: Sequence[str], *, advance: Advance | None = None,
    ) -> dict[Dimension, Floats]:
        """(pairs, 3 levels) per mechanism; each row sums to 1. `advance(steps)` is called after every chunk."""
        done: list[dict[Dimension, Floats]] = []
        for part in self._parts(explanations, responses):
            done.append(part)
            if advance:
                advance(len(part[self.dimensions[0]]))
        if not done:
            return {m: np.zeros((0, len(LEVELS))) for m in self.dimensions}
        return {m: np.concatenate([part[m] for part in done]) for m in self.dimensions}

    def levels_of(self, probabilities: dict[Dimension, Floats]) -> dict[Dimension, Integers]:
        """The level that the scorer names, given the `probabilities` that it found."""
        return {m: named_levels(probabilities[m], self.offsets[m]) for m in self.dimensions}

    def _parts(self, explanations: Sequence[str], responses: Sequence[str]) -> Iterator[dict[Dimension, Floats]]:
        starts = range(0, len(responses), _CHUNK)
        chunks = [(explanations[start : start + _CHUNK], responses[start : start + _CHUNK]) for start in starts]
        if len(responses) <= _ALONE:
            return (self._read(*chunk) for chunk in chunks)
        from sklearn.utils.parallel import Parallel, delayed

        return iter(Parallel(n_jobs=-1, return_as="generator")(delayed(self._read)(*chunk) for chunk in chunks))

    def _read(self, explanations: Sequence[str], responses: Sequence[str]) -> dict[Dimension, Floats]:
        read = read_pairs(explanations, responses, self.readers.features.cues.known)
        if not read.sentences:
            return {m: np.tile(NO_WORDS, (len(responses), 1)) for m in self.dimensions}
        log_odds = self.readers.log_odds(read)
        likely = {m: self.combiner[m].probabilities(log_odds[m]) for m in self.dimensions}
        likely = self.doubts.lowered(likely, read) if self.doubts else likely
        silent = np.bincount(read.owner, minlength=len(responses)) == 0
        for m in self.dimensions:
            likely[m][silent] = NO_WORDS
        return likely

    def save(self, folder: Path) -> None:
        """Write the scorer to `folder` (made if missing): settings as JSON, numbers as safetensors. Same scorer, same bytes."""
        from safetensors.numpy import save_file

        features, doubts = self.readers.features, self.doubts
        write_settings(folder, "linear", self, {
            "words": features.vocabulary.words, "pairs": features.vocabulary.pairs,
            "characters": features.vocabulary.characters, "cues": features.cues.table,
            "stems": list(doubts.rarity) if doubts else None, "need_the_post": doubts.need if doubts else (),
        })
        numbers = {f"idf.{name}": features.idf[name] for name in Features.WEIGHTINGS}
        for m in self.dimensions:
            parts: dict[str, Steps | Regression] = {
                "by_sentence": self.readers.by_sentence[m], "as_whole": self.readers.as_whole[m], "weighing": self.combiner[m],
            }
            for name, part in parts.items():
                numbers[f"{m}.{name}.coefficients"], numbers[f"{m}.{name}.intercepts"] = part.coefficients, part.intercepts
            numbers[f"{m}.offsets"] = self.offsets[m]
        if doubts:
            numbers["doubts.rarity"] = np.array([*doubts.rarity.values(), doubts.unknown])
            numbers["doubts.weights"] = np.array([*doubts.weights, doubts.intercept])
        save_file({name: np.ascontiguousarray(value) for name, value in numbers.items()}, folder / _WEIGHTS)


def load(folder: Path, about: dict[str, Any], around: Surroundings) -> LinearScorer:
    """The scorer that was saved in `folder`, whose SETTINGS_FILE holds `about`."""
    from safetensors.numpy import load_file

    numbers = load_file(folder / _WEIGHTS)

    def numbers_of(m: Dimension, name: str) -> tuple[Floats, Floats]:
        return numbers[f"{m}.{name}.coefficients"], numbers[f"{m}.{name}.intercepts"]

    vocabulary = Vocabulary(about["words"], about["pairs"], about["characters"])
    features = Features(Cues(about["cues"]), vocabulary, {name: numbers[f"idf.{name}"] for name in Features.WEIGHTINGS})
    by_sentence, as_whole = (
        {m: Steps(*numbers_of(m, name)) for m in about["dimensions"]} for name in ("by_sentence", "as_whole")
    )
    readers = Readers(features, by_sentence, as_whole)
    combiner = {m: Regression(*numbers_of(m, "weighing")) for m in about["dimensions"]}
    if any(
        part.coefficients.shape != (len(LEVELS) - 1, features.width)
        for parts in (readers.by_sentence, readers.as_whole) for part in parts.values()
    ):
        raise ValueError(f"{_WEIGHTS} does not belong to {SETTINGS_FILE}")
    doubts = None
    if about["stems"] is not None:
        *rarity, unknown = numbers["doubts.rarity"].tolist()
        *weights, intercept = numbers["doubts.weights"].tolist()
        known = dict(zip(about["stems"], rarity, strict=True))
        doubts = Doubts(known, unknown, np.array(weights), intercept, tuple(about["need_the_post"]))
    return LinearScorer(readers, combiner, {m: numbers[f"{m}.offsets"] for m in about["dimensions"]}, doubts)
