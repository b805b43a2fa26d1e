"""The linear scorer: a response is read by its sentences and as a whole, and what both say is weighed.

By sentences: EPITOME's own model learns levels and rationales together (Sharma et al., EMNLP 2020). So does this one,
without a neural network: a labelled pair's rationale says which of its sentences carry the level, a multinomial logistic
regression learns sentences, and a response is as strong as its strongest sentence.
As a whole: a second regression reads the whole response, and needs no rationales.
Weighed: a third, learned from what the two said of pairs that they had not seen, turns both into probabilities. It weighs
no level more than another, so the probabilities are calibrated. Then come doubts (doubts.py), and the level that is named
(naming.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from synthempathy.core.errors import ModelError
from synthempathy.scorers import SETTINGS, Floats
from synthempathy.scorers.base import BaseScorer
from synthempathy.scorers.linear.cues import Cues
from synthempathy.scorers.linear.doubts import Doubts
from synthempathy.scorers.linear.features import Features, Vocabulary, read_pairs
from synthempathy.scorers.linear.naming import named
from synthempathy.scorers.linear.readers import Readers, Regression
from synthempathy.scorers.mechanisms import LEVELS, MECHANISMS, Mechanism

if TYPE_CHECKING:
    from synthempathy.project.params import Params

FORMAT = "synthempathy-linear-2"
_WEIGHTS = "weights.safetensors"
_CHUNK = 1000  # pairs read at a time: bounds memory, and is what a worker gets
_ALONE = 4 * _CHUNK  # up to here one process is faster than starting others
_SILENT = (1.0, 0.0, 0.0)  # a response without words
_HINT = "run `dvc repro scorer`, or name a folder that the stage scorer wrote"


class LinearScorer(BaseScorer):
    """Scores pairs by mechanism. Made by `train` or `load`. Without `doubts`, no reply is doubted."""

    def __init__(
        self, readers: Readers, weighing: dict[Mechanism, Regression], offsets: dict[Mechanism, Floats],
        doubts: Doubts | None,
    ) -> None:
        self.readers, self.weighing, self.offsets, self.doubts = readers, weighing, offsets, doubts

    def probabilities(
        self, explanations: Sequence[str], responses: Sequence[str], *, advance: Callable[..., None] | None = None,
    ) -> dict[Mechanism, Floats]:
        """(pairs, 3 levels) a mechanism; each row sums to 1. `advance(steps)` is told of every chunk that is done."""
        done: list[dict[Mechanism, Floats]] = []
        for part in self._parts(explanations, responses):
            done.append(part)
            if advance:
                advance(len(part["er"]))
        if not done:
            return {m: np.zeros((0, len(LEVELS))) for m in MECHANISMS}
        return {m: np.concatenate([part[m] for part in done]) for m in MECHANISMS}

    def levels_of(self, probabilities: dict[Mechanism, Floats]) -> dict[Mechanism, NDArray[np.intp]]:
        """The level that the scorer names, given the `probabilities` that it found."""
        return {m: named(probabilities[m], self.offsets[m]) for m in MECHANISMS}

    def _parts(self, explanations: Sequence[str], responses: Sequence[str]) -> Iterator[dict[Mechanism, Floats]]:
        starts = range(0, len(responses), _CHUNK)
        chunks = [(explanations[start : start + _CHUNK], responses[start : start + _CHUNK]) for start in starts]
        if len(responses) <= _ALONE:
            return (self._read(*chunk) for chunk in chunks)
        from sklearn.utils.parallel import Parallel, delayed

        return iter(Parallel(n_jobs=-1, return_as="generator")(delayed(self._read)(*chunk) for chunk in chunks))

    def _read(self, explanations: Sequence[str], responses: Sequence[str]) -> dict[Mechanism, Floats]:
        read = read_pairs(explanations, responses)
        if not read.found:
            return {m: np.tile(_SILENT, (len(responses), 1)) for m in MECHANISMS}
        opinions = self.readers.opinions(read)
        likely = {m: self.weighing[m].probabilities(opinions[m]) for m in MECHANISMS}
        likely = self.doubts.lowered(likely, read) if self.doubts else likely
        silent = np.bincount(read.owner, minlength=len(responses)) == 0
        for m in MECHANISMS:
            likely[m][silent] = _SILENT
        return likely

    def save(self, folder: Path) -> None:
        """Write the scorer to `folder` (made if missing): settings as JSON, numbers as safetensors. Same scorer, same bytes."""
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        features, doubts = self.readers.features, self.doubts
        settings = {
            "kind": "linear", "format": FORMAT, "mechanisms": MECHANISMS, "levels": LEVELS,
            "words": features.vocabulary.words, "pairs": features.vocabulary.pairs,
            "characters": features.vocabulary.characters, "cues": features.cues.table,
            "stems": list(doubts.rarity) if doubts else None,
        }
        (folder / SETTINGS).write_text(json.dumps(settings, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        numbers = {f"idf.{name}": features.idf[name] for name in Features.WEIGHTINGS}
        for m in MECHANISMS:
            parts = (self.readers.by_sentence[m], self.readers.as_whole[m], self.weighing[m])
            for name, part in zip(("by_sentence", "as_whole", "weighing"), parts, strict=True):
                numbers[f"{m}.{name}.coefficients"], numbers[f"{m}.{name}.intercepts"] = part.coefficients, part.intercepts
            numbers[f"{m}.offsets"] = self.offsets[m]
        if doubts:
            numbers["doubts.rarity"] = np.array([*doubts.rarity.values(), doubts.unknown])
            numbers["doubts.weights"] = np.array([*doubts.weights, doubts.intercept])
        save_file({name: np.ascontiguousarray(value) for name, value in numbers.items()}, folder / _WEIGHTS)


def load(folder: Path, settings: dict[str, Any], params: Params | None = None) -> LinearScorer:
    """The scorer that was saved in `folder`, whose scorer.json holds `settings`. ModelError if it cannot be read."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    if not (folder / _WEIGHTS).is_file():
        raise ModelError(f"{folder}: no scorer here; {_HINT}")
    if settings.get("format") != FORMAT:
        raise ModelError(f"{folder}: a scorer of format {settings.get('format')!r}, {FORMAT!r} is needed; {_HINT}")
    try:
        scorer = _scorer(settings, load_file(folder / _WEIGHTS))
    except (ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ModelError(f"{folder}: the scorer cannot be read ({error}); {_HINT}") from None
    width = scorer.readers.features.width
    parts = [p[m] for p in (scorer.readers.by_sentence, scorer.readers.as_whole) for m in MECHANISMS]
    if any(part.coefficients.shape != (len(LEVELS), width) for part in parts):
        raise ModelError(f"{folder}: {_WEIGHTS} does not belong to {SETTINGS}; {_HINT}")
    return scorer


def _scorer(settings: dict[str, Any], numbers: dict[str, Floats]) -> LinearScorer:
    def regressions(name: str) -> dict[Mechanism, Regression]:
        return {m: Regression(numbers[f"{m}.{name}.coefficients"], numbers[f"{m}.{name}.intercepts"]) for m in MECHANISMS}

    vocabulary = Vocabulary(settings["words"], settings["pairs"], settings["characters"])
    idf = {name: numbers[f"idf.{name}"] for name in Features.WEIGHTINGS}
    readers = Readers(Features(Cues(settings["cues"]), vocabulary, idf), regressions("by_sentence"), regressions("as_whole"))
    doubts = None
    if settings["stems"] is not None:
        *rarity, unknown = numbers["doubts.rarity"].tolist()
        *weights, intercept = numbers["doubts.weights"].tolist()
        known = dict(zip(settings["stems"], rarity, strict=True))
        doubts = Doubts(known, unknown, np.array(weights), intercept)
    return LinearScorer(readers, regressions("weighing"), {m: numbers[f"{m}.offsets"] for m in MECHANISMS}, doubts)
