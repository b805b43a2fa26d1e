"""EPITOME's three mechanisms of empathy (Sharma et al., EMNLP 2020), and what every scorer of them does.

er  emotional reaction: warmth, compassion, concern. Weak alludes to it, strong names the emotion felt.
ip  interpretation: understanding of feelings and experiences. Weak says that it understands, strong
    states the inferred feeling or a similar experience.
ex  exploration: asking about what was not said. Weak asks generically, strong asks something specific.

Each is at level 0 (none), 1 (weak) or 2 (strong). A pair's empathy is the mean of the three, 0 to 2 (paper.md, EPITOME).
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthempathy.core.errors import Check, ModelError
from synthempathy.core.progress import Advance
from synthempathy.llm.params import Engine, Machine

Mechanism = Literal["er", "ip", "ex"]
Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

MECHANISMS: Final[tuple[Mechanism, ...]] = ("er", "ip", "ex")
LEVELS: Final = (0, 1, 2)
#: The scores of a pair: those of the mechanisms, and their mean.
SCORES: Final[tuple[str, ...]] = (*MECHANISMS, "empathy")

#: A scorer's folder holds this file; its "kind" says who can read the rest, its "format" must be the kind's.
SETTINGS_FILE = "scorer.json"
FORMATS = {
    "linear": "synthempathy-linear-3", "embeddings": "synthempathy-embeddings-1", "biencoder": "synthempathy-biencoder-1",
    "judge": "synthempathy-judge-2",
}
#: Probabilities of the levels of a response without words.
NO_WORDS: Final = (1.0, 0.0, 0.0)
#: How far a score may stand from the level that the scorer names: below 0.5, so that it rounds to that level.
_NEAR = 0.49


class Judged(NamedTuple):
    """What a scorer says of pairs: (pairs, 3) probabilities and (pairs,) levels, per mechanism."""

    probabilities: dict[Mechanism, Floats]
    levels: dict[Mechanism, Integers]


@dataclass(frozen=True)
class Surroundings:
    """What a scorer may need beside its settings. The linear one needs nothing.

    Attributes:
        machine: for training the bi-encoder, and for the judge; a saved bi-encoder runs on its `device`, else on any.
        prompts: where the judge's prompts are.
        engine: what runs a saved judge in place of the engine that it was made with.
    """

    machine: Machine | None = None
    prompts: Path = Path("prompts/judge")
    engine: Engine | None = None

    def required_machine(self) -> Machine:
        """The machine; ModelError without one."""
        if self.machine is None:
            raise ModelError("this kind of scorer needs the section machine: name a params file that holds it")
        return self.machine


class EmpathyScorer(ABC):
    """Scores (explanation, response) pairs by mechanism. A response without words is at level 0.

    `about` is what whoever made the scorer says of it: what it learned from, what it is worth, its known limits.
    """

    about: Mapping[str, Any] = MappingProxyType({})

    @abstractmethod
    def probabilities(
        self, explanations: Sequence[str], responses: Sequence[str], *, advance: Advance | None = None,
    ) -> dict[Mechanism, Floats]:
        """(pairs, 3 levels) per mechanism; each row sums to 1. `advance(steps)` is called as pairs are finished."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the scorer to `folder` (made if missing), SETTINGS_FILE with its "kind" among the files. No pickle."""

    def score(
        self, explanations: Sequence[str], responses: Sequence[str], *, advance: Advance | None = None,
    ) -> dict[str, Floats]:
        """`er`, `ip`, `ex` of each pair, and `empathy`, their mean, each 0 to 2.

        A mechanism's score is its expected level, kept so near the level that the scorer names that it rounds to it.
        """
        probabilities = self.probabilities(explanations, responses, advance=advance)
        named = self.levels_of(probabilities)
        scores: dict[str, Floats] = {}
        for m in MECHANISMS:
            expected = probabilities[m] @ np.asarray(LEVELS, dtype=np.float64)
            scores[m] = np.clip(expected, np.maximum(named[m] - _NEAR, 0.0), np.minimum(named[m] + _NEAR, 2.0))
        return {**scores, "empathy": mean_score(scores)}

    def levels(self, explanations: Sequence[str], responses: Sequence[str]) -> dict[Mechanism, Integers]:
        """The level of each pair that the scorer names, 0, 1 or 2."""
        return self.levels_of(self.probabilities(explanations, responses))

    def levels_of(self, probabilities: dict[Mechanism, Floats]) -> dict[Mechanism, Integers]:
        """The level that the scorer names, given the `probabilities` that it found: the likeliest."""
        return {m: probabilities[m].argmax(axis=1) for m in MECHANISMS}

    def checks(self) -> list[Check]:
        """What must hold before it scores, beside its files: of a scorer that asks a model, that the model can be asked."""
        return []

    def self_agreement(self) -> dict[Mechanism, dict[str, float | None]] | None:
        """How far several answers to one pair agree, per mechanism; None for a scorer that gives only one."""
        return None


def mean_score(scores: Mapping[str, Floats]) -> Floats:
    """The mean of the three mechanisms, pair by pair."""
    return (scores["er"] + scores["ip"] + scores["ex"]) / len(MECHANISMS)


def group_numbers(names: Sequence[str]) -> Integers:
    """Each name's number, in order of first appearance: ["b", "a", "b"] gives [0, 1, 0]."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.intp)


def write_settings(folder: Path, kind: str, about: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
    """SETTINGS_FILE in `folder` (made if missing): kind, format, `about` if any, then `fields`. Same fields, same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"kind": kind, "format": FORMATS[kind], **({"about": dict(about)} if about else {}), **fields}
    (folder / SETTINGS_FILE).write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
