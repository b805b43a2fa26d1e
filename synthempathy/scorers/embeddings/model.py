"""The trained scorer: how likely each level is, by an encoder and a logistic regression per mechanism.

The encoder is named and not copied: a saved scorer holds its name, its revision and a hash of its content, and refuses another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from synthempathy.core.errors import ModelError
from synthempathy.core.progress import Advance
from synthempathy.scorers.base import (
    LEVELS,
    NO_WORDS,
    Dimension,
    Floats,
    Integers,
    PairScorer,
    Surroundings,
    write_settings,
)
from synthempathy.scorers.embeddings.encoder import Encoder, pair_rows
from synthempathy.scorers.levels import Regression, named_levels
from synthempathy.scorers.params import EmbeddingsSettings
from synthempathy.scorers.reading import is_silent

_WEIGHTS = "weights.safetensors"
_CHUNK = 2048  # pairs that are held as vectors at a time: bounds memory


@dataclass(frozen=True)
class Scale:
    """(columns,) what is taken from each number, and what the rest is divided by."""

    mean: Floats
    spread: Floats

    @classmethod
    def fit(cls, rows: Floats) -> Scale:
        """The mean of each column; one spread for all columns, so that none that hardly varies is blown up."""
        return cls(rows.mean(axis=0), np.full(rows.shape[1], max(float(rows.std(axis=0).mean()), 1e-9)))

    def of(self, rows: Floats) -> Floats:
        """The rows, scaled."""
        return (rows - self.mean) / self.spread


class EmbeddingsScorer(PairScorer):
    """Scores pairs by mechanism. Made by `train` or `load`."""

    def __init__(
        self, encoder: Encoder, settings: EmbeddingsSettings, scale: Scale, readers: dict[Dimension, Regression],
        combiner: dict[Dimension, Regression], offsets: dict[Dimension, Floats],
    ) -> None:
        self.encoder, self.settings, self.scale = encoder, settings, scale
        self.readers, self.combiner, self.offsets = readers, combiner, offsets
        self.dimensions = tuple(combiner)

    def probabilities(
        self, explanations: Sequence[str], responses: Sequence[str], *, advance: Advance | None = None,
    ) -> dict[Dimension, Floats]:
        """(pairs, 3 levels) per mechanism; each row sums to 1. `advance(steps)` is called after every chunk."""
        likely: dict[Dimension, Floats] = {m: np.zeros((len(responses), len(LEVELS))) for m in self.dimensions}
        for start in range(0, len(responses), _CHUNK):
            part = slice(start, min(start + _CHUNK, len(responses)))
            vectors = self.encoder.vectors([*explanations[part], *responses[part]])
            count = part.stop - start
            rows = self.scale.of(pair_rows(vectors[:count], vectors[count:]))
            for m in self.dimensions:
                likely[m][part] = self.combiner[m].probabilities(self.readers[m].log_odds(rows))
            if advance:
                advance(count)
        silent = [i for i, response in enumerate(responses) if is_silent(response)]
        for m in self.dimensions:
            likely[m][silent] = NO_WORDS
        return likely

    def levels_of(self, probabilities: dict[Dimension, Floats]) -> dict[Dimension, Integers]:
        """The level that the scorer names, given the `probabilities` that it found."""
        return {m: named_levels(probabilities[m], self.offsets[m]) for m in self.dimensions}

    def save(self, folder: Path) -> None:
        """Write settings as JSON, and numbers as safetensors, to `folder` (made if missing)."""
        from safetensors.numpy import save_file

        write_settings(folder, "embeddings", self, {
            "settings": self.settings.model_dump(), "encoder": self.encoder.content(),
        })
        numbers = {"mean": self.scale.mean, "spread": self.scale.spread}
        for m in self.dimensions:
            for name, part in (("reader", self.readers[m]), ("weighing", self.combiner[m])):
                numbers[f"{m}.{name}.coefficients"], numbers[f"{m}.{name}.intercepts"] = part.coefficients, part.intercepts
            numbers[f"{m}.offsets"] = self.offsets[m]
        save_file({name: np.ascontiguousarray(value) for name, value in numbers.items()}, folder / _WEIGHTS)


def load(folder: Path, about: dict[str, Any], around: Surroundings) -> EmbeddingsScorer:
    """The scorer that was saved in `folder`, whose SETTINGS_FILE holds `about`. ModelError if its encoder is another now."""
    from safetensors.numpy import load_file

    settings = EmbeddingsSettings.model_validate(about["settings"])
    encoder = Encoder(settings, around.machine.device if around.machine else "auto")
    if encoder.content() != about["encoder"]:
        raise ModelError(
            f"{folder}: the encoder {settings.encoder} is not the one that this scorer learned with; run `dvc repro scorer`"
        )
    numbers = load_file(folder / _WEIGHTS)

    def regressions(name: str) -> dict[Dimension, Regression]:
        return {
            m: Regression(numbers[f"{m}.{name}.coefficients"], numbers[f"{m}.{name}.intercepts"]) for m in about["dimensions"]
        }

    return EmbeddingsScorer(
        encoder, settings, Scale(numbers["mean"], numbers["spread"]), regressions("reader"), regressions("weighing"),
        {m: numbers[f"{m}.offsets"] for m in about["dimensions"]},
    )
