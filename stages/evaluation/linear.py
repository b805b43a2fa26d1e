"""The scorer: multinomial logistic regression over sentences, one a mechanism, and the strongest sentence counts.

EPITOME's own model learns levels and rationales together (Sharma et al., EMNLP 2020). So does this
one, without a neural network: a labelled pair's rationale says which of its sentences carry the
level, the regression learns sentences, and a response is as strong as its strongest sentence. A long
reply with one strong sentence is thus scored as that sentence would be alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from stages.common.errors import ModelError
from stages.evaluation.cues import Cues
from stages.evaluation.features import Features, read_pairs
from stages.evaluation.mechanisms import LEVELS, MECHANISMS, Mechanism, empathy

FORMAT = "synthempathy-scorer-1"
_SETTINGS, _WEIGHTS = "scorer.json", "weights.safetensors"
_CHUNK = 1000  # pairs read at a time: bounds memory, and is what a worker gets
_ALONE = 4 * _CHUNK  # up to here one process is faster than starting others

Floats = NDArray[np.float64]


class LinearScorer:
    """Scores pairs by mechanism. Made by `fit_scorer` or `load_scorer`."""

    def __init__(self, features: Features, coefficients: dict[Mechanism, Floats], intercepts: dict[Mechanism, Floats]) -> None:
        """`coefficients` are (3 levels, columns of `features`) a mechanism, `intercepts` (3 levels,)."""
        self.features, self.coefficients, self.intercepts = features, coefficients, intercepts

    def score(
        self, explanations: Sequence[str], responses: Sequence[str], *, advance: Callable[..., None] | None = None,
    ) -> dict[str, Floats]:
        """Expected levels, 0 to 2, of each pair: `er`, `ip`, `ex`, and `empathy`, their mean.

        A response without words scores 0. `advance(steps)` is told of every chunk of pairs that is done.
        """
        likely = self.probabilities(explanations, responses, advance=advance)
        scores: dict[str, Floats] = {m: likely[m] @ np.asarray(LEVELS, dtype=np.float64) for m in MECHANISMS}
        return {**scores, "empathy": empathy(scores)}

    def levels(self, explanations: Sequence[str], responses: Sequence[str]) -> dict[str, NDArray[np.intp]]:
        """The likeliest level of each pair, 0, 1 or 2: `er`, `ip`, `ex`."""
        likely = self.probabilities(explanations, responses)
        return {m: likely[m].argmax(axis=1) for m in MECHANISMS}

    def probabilities(
        self, explanations: Sequence[str], responses: Sequence[str], *, advance: Callable[..., None] | None = None,
    ) -> dict[Mechanism, Floats]:
        """(pairs, 3 levels) a mechanism; each row sums to 1."""
        done: list[dict[Mechanism, Floats]] = []
        for part in self._parts(explanations, responses):
            done.append(part)
            if advance:
                advance(len(part["er"]))
        if not done:
            return {m: np.zeros((0, len(LEVELS))) for m in MECHANISMS}
        return {m: np.concatenate([part[m] for part in done]) for m in MECHANISMS}

    def _parts(self, explanations: Sequence[str], responses: Sequence[str]) -> Iterator[dict[Mechanism, Floats]]:
        starts = range(0, len(responses), _CHUNK)
        chunks = [(explanations[start : start + _CHUNK], responses[start : start + _CHUNK]) for start in starts]
        if len(responses) <= _ALONE:
            return (self._read(*chunk) for chunk in chunks)
        from sklearn.utils.parallel import Parallel, delayed

        return iter(Parallel(n_jobs=-1, return_as="generator")(delayed(self._read)(*chunk) for chunk in chunks))

    def _read(self, explanations: Sequence[str], responses: Sequence[str]) -> dict[Mechanism, Floats]:
        found, told, owner = read_pairs(explanations, responses)
        rows = self.features.rows(found, told) if found else None
        pooled: dict[Mechanism, Floats] = {}
        for m in MECHANISMS:
            none, strong = np.ones(len(responses)), np.zeros(len(responses))
            if rows is not None:
                likely = softmax(rows @ self.coefficients[m].T + self.intercepts[m], axis=1)
                np.minimum.at(none, owner, likely[:, 0])
                np.maximum.at(strong, owner, likely[:, 2])
            none = np.minimum(none, 1 - strong)
            pooled[m] = np.stack([none, 1 - none - strong, strong], axis=1)
        return pooled

    def save(self, folder: Path) -> None:
        """Write the scorer to `folder` (made if missing): settings as JSON, numbers as safetensors. Same scorer, same bytes."""
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        vocabularies = self.features.vocabularies
        settings = {
            "format": FORMAT, "mechanisms": MECHANISMS, "levels": LEVELS,
            "words": vocabularies[0], "characters": vocabularies[1], "cues": self.features.cues.table,
        }
        (folder / _SETTINGS).write_text(json.dumps(settings, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        numbers: dict[str, Floats] = dict(zip(("idf.words", "idf.characters"), self.features.idf, strict=True))
        for m in MECHANISMS:
            numbers[f"{m}.coefficients"], numbers[f"{m}.intercepts"] = self.coefficients[m], self.intercepts[m]
        save_file({name: np.ascontiguousarray(value) for name, value in numbers.items()}, folder / _WEIGHTS)


def load_scorer(path: Path) -> LinearScorer:
    """The scorer that was saved in the folder `path`. ModelError if there is none, or of another format."""
    way_out = "run `dvc repro scorer`, or name a folder that the stage scorer wrote"
    if not (path / _SETTINGS).is_file() or not (path / _WEIGHTS).is_file():
        raise ModelError(f"{path}: no scorer here; {way_out}")
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        settings: dict[str, Any] = json.loads((path / _SETTINGS).read_text(encoding="utf-8"))
        if settings["format"] != FORMAT:
            raise ModelError(f"{path}: a scorer of format {settings['format']!r}, {FORMAT!r} is needed; {way_out}")
        numbers = load_file(path / _WEIGHTS)
        vocabularies = settings["words"], settings["characters"]
        features = Features(Cues(settings["cues"]), vocabularies, (numbers["idf.words"], numbers["idf.characters"]))
        coefficients = {m: numbers[f"{m}.coefficients"] for m in MECHANISMS}
        intercepts = {m: numbers[f"{m}.intercepts"] for m in MECHANISMS}
    except (ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ModelError(f"{path}: the scorer cannot be read ({error}); {way_out}") from None
    if any(c.shape != (len(LEVELS), features.width) for c in coefficients.values()):
        raise ModelError(f"{path}: {_WEIGHTS} does not belong to {_SETTINGS}; {way_out}")
    return LinearScorer(features, coefficients, intercepts)
