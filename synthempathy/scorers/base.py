"""What every scorer of (explanation, response) pairs does.

A pair has a level, 0 (none), 1 (weak) or 2 (strong), in each dimension of the domain's rubric (domains/NAME/domain.yaml), and
the mean of these as a whole, 0 to 2. A scorer knows its dimensions by the pairs that it learned from, and a saved one says them.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from synthempathy.core.errors import Check, ModelError
from synthempathy.core.progress import Advance
from synthempathy.domain.description import Rubric
from synthempathy.domain.wording import Wording
from synthempathy.llm.params import Engine, Machine

Dimension = str  # a key of the rubric's dimensions
Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

LEVELS: Final = (0, 1, 2)

Scorer = TypeVar("Scorer", bound="PairScorer")

#: A scorer's folder holds this file; its "kind" says who can read the rest, its "format" must be the kind's.
SETTINGS_FILE = "scorer.json"
FORMATS = {
    "linear": "synthempathy-linear-4", "embeddings": "synthempathy-embeddings-2", "biencoder": "synthempathy-biencoder-2",
    "judge": "synthempathy-judge-3",
}
#: Probabilities of the levels of a response without words.
NO_WORDS: Final = (1.0, 0.0, 0.0)
#: How far a score may stand from the level that the scorer names: below 0.5, so that it rounds to that level.
_NEAR = 0.49


class Judged(NamedTuple):
    """What a scorer says of pairs: (pairs, 3) probabilities and (pairs,) levels, per dimension."""

    probabilities: dict[Dimension, Floats]
    levels: dict[Dimension, Integers]


@dataclass(frozen=True)
class Surroundings:
    """What a scorer may need beside its settings. The linear one needs nothing.

    Attributes:
        machine: for training the bi-encoder, and for the judge; a saved bi-encoder runs on its `device`, else on any.
        prompts: where the judge's prompts are.
        engine: what runs a saved judge in place of the engine that it was made with.
        rubric, cues, wording: what a scorer learns to rate by, the cues that are stated for it (YAML), and the words of its
            language; a saved scorer knows.
    """

    machine: Machine | None = None
    prompts: Path = Path("prompts/judge")
    engine: Engine | None = None
    rubric: Rubric | None = None
    cues: Path | None = None
    wording: Wording | None = None

    def named(self, scorer: Scorer) -> Scorer:
        """`scorer`, its whole called as the rubric says."""
        if self.rubric is not None:
            scorer.whole = self.rubric.whole
        return scorer

    def required_machine(self) -> Machine:
        """The machine; ModelError without one."""
        if self.machine is None:
            raise ModelError("this kind of scorer needs the section machine: name a params file that holds it")
        return self.machine


class PairScorer(ABC):
    """Scores (explanation, response) pairs by dimension. A response without words is at level 0.

    Attributes:
        about: what whoever made the scorer says of it: what it learned from, what it is worth, its known limits.
        dimensions: those of its rubric, in order.
        whole: what the mean of the dimensions is called.
    """

    about: Mapping[str, Any] = MappingProxyType({})
    dimensions: tuple[Dimension, ...] = ()
    whole: str = "mean"

    @property
    def scores(self) -> tuple[str, ...]:
        """The names of a pair's scores: the dimensions, then the whole."""
        return (*self.dimensions, self.whole)

    @abstractmethod
    def probabilities(
        self, explanations: Sequence[str], responses: Sequence[str], *, advance: Advance | None = None,
    ) -> dict[Dimension, Floats]:
        """(pairs, 3 levels) per dimension; each row sums to 1. `advance(steps)` is called as pairs are finished."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the scorer to `folder` (made if missing), SETTINGS_FILE with its "kind" among the files. No pickle."""

    def score(
        self, explanations: Sequence[str], responses: Sequence[str], *, advance: Advance | None = None,
    ) -> dict[str, Floats]:
        """Each dimension's score of each pair, and the whole, their mean, each 0 to 2.

        A dimension's score is its expected level, kept so near the level that the scorer names that it rounds to it.
        """
        probabilities = self.probabilities(explanations, responses, advance=advance)
        named = self.levels_of(probabilities)
        scores: dict[str, Floats] = {}
        for m, likely in probabilities.items():
            expected = likely @ np.asarray(LEVELS, dtype=np.float64)
            scores[m] = np.clip(expected, np.maximum(named[m] - _NEAR, 0.0), np.minimum(named[m] + _NEAR, 2.0))
        return {**scores, self.whole: mean_score(scores)}

    def levels(self, explanations: Sequence[str], responses: Sequence[str]) -> dict[Dimension, Integers]:
        """The level of each pair that the scorer names, 0, 1 or 2."""
        return self.levels_of(self.probabilities(explanations, responses))

    def levels_of(self, probabilities: dict[Dimension, Floats]) -> dict[Dimension, Integers]:
        """The level that the scorer names, given the `probabilities` that it found: the likeliest."""
        return {m: found.argmax(axis=1) for m, found in probabilities.items()}

    def checks(self) -> list[Check]:
        """What must hold before it scores, beside its files: of a scorer that asks a model, that the model can be asked."""
        return []

    def self_agreement(self) -> dict[Dimension, dict[str, float | None]] | None:
        """How far several answers to one pair agree, per dimension; None for a scorer that gives only one."""
        return None


def mean_score(scores: Mapping[str, Floats]) -> Floats:
    """The mean of the dimensions, pair by pair."""
    whole: Floats = sum(list(scores.values())[1:], start=next(iter(scores.values()))) / len(scores)
    return whole


def group_numbers(names: Sequence[str]) -> Integers:
    """Each name's number, in order of first appearance: ["b", "a", "b"] gives [0, 1, 0]."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.intp)


def write_settings(folder: Path, kind: str, scorer: PairScorer, fields: Mapping[str, Any]) -> None:
    """SETTINGS_FILE in `folder` (made if missing): kind, format, what `scorer` says of itself, then `fields`."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {
        "kind": kind, "format": FORMATS[kind], **({"about": dict(scorer.about)} if scorer.about else {}),
        "dimensions": scorer.dimensions, "whole": scorer.whole, "levels": LEVELS, **fields,
    }
    (folder / SETTINGS_FILE).write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
