"""The scorers, behind one interface. `scorer.kind` in params.yaml chooses; a saved scorer says its kind itself.

linear     scikit-learn over words, characters and stated cues: seconds on a CPU, the default
biencoder  EPITOME's architecture: two encoders, a head for levels and one for rationales
judge      an LLM that is asked by a rubric

Each kind is a package of this name here, with two functions: `train(pairs, params, ...)` and `load(folder, settings, ...)`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast, get_args, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from synthempathy.core.errors import ModelError
from synthempathy.scorers.mechanisms import Mechanism

if TYPE_CHECKING:
    from synthempathy.project.params import Params
    from synthempathy.scorers.labelled import LabelledPair

Kind = Literal["linear", "biencoder", "judge"]
Floats = NDArray[np.float64]

#: A scorer's folder holds this file; its "kind" says who can read the rest.
SETTINGS = "scorer.json"
_HINT = "run `dvc repro scorer`, or name a folder that the stage scorer wrote"


class Scorer(Protocol):
    """Scores (explanation, response) pairs by EPITOME's three mechanisms. A response without words is at level 0."""

    def probabilities(
        self, explanations: Sequence[str], responses: Sequence[str], *, advance: Callable[..., None] | None = None,
    ) -> dict[Mechanism, Floats]:
        """(pairs, 3 levels) a mechanism; each row sums to 1. `advance(steps)` is told of pairs that are done."""

    def levels_of(self, probabilities: dict[Mechanism, Floats]) -> dict[Mechanism, NDArray[np.intp]]:
        """The level that the scorer names, 0, 1 or 2, given the `probabilities` that it found."""

    def levels(self, explanations: Sequence[str], responses: Sequence[str]) -> dict[Mechanism, NDArray[np.intp]]:
        """The level of each pair that the scorer names, 0, 1 or 2."""

    def score(
        self, explanations: Sequence[str], responses: Sequence[str], *, advance: Callable[..., None] | None = None,
    ) -> dict[str, Floats]:
        """`er`, `ip`, `ex` of each pair, and `empathy`, their mean, each 0 to 2.

        A mechanism's score is its expected level, kept so near the level that the scorer names that it rounds to it.
        """

    def save(self, folder: Path) -> None:
        """Write the scorer to `folder` (made if missing), `scorer.json` with its "kind" among the files. No pickle."""


@runtime_checkable
class MarksRationales(Protocol):
    """A scorer that can also say which words decided."""

    def rationales(self, explanations: Sequence[str], responses: Sequence[str]) -> dict[Mechanism, list[list[str]]]:
        """For each pair, exact spans of its response that carry the level; none at level 0."""


@runtime_checkable
class AgreesWithItself(Protocol):
    """A scorer that answers a pair several times, and can say how far its answers agree."""

    def self_agreement(self) -> dict[Mechanism, dict[str, float | None]]:
        """Figures a mechanism; None where they are not defined."""


def train_scorer(
    pairs: Sequence[LabelledPair], params: Params, *, run: str = "all", advance: Callable[..., None] | None = None,
) -> Scorer:
    """A scorer of `scorer.kind`, learned from `pairs`. InputError where they cannot teach it.

    `run` names the training ("all", "fold-0", ...), so that one that resumes finds its own checkpoints.
    """
    return cast(Scorer, _kind(params.scorer.kind).train(pairs, params, run=run, advance=advance))


def load_scorer(folder: Path, params: Params | None = None) -> Scorer:
    """The scorer that was saved in `folder`. ModelError if there is none, or it cannot be read.

    `params` is for kinds that use an engine or a device; without it, what the folder says is used.
    """
    if not (folder / SETTINGS).is_file():
        raise ModelError(f"{folder}: no scorer here; {_HINT}")
    try:
        settings: dict[str, Any] = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        kind = settings["kind"]
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder}: the scorer cannot be read ({error}); {_HINT}") from None
    if kind not in get_args(Kind):
        raise ModelError(f"{folder}: a scorer of kind {kind!r}, one of {', '.join(get_args(Kind))} is needed; {_HINT}")
    return cast(Scorer, _kind(kind).load(folder, settings, params))


def _kind(kind: str) -> Any:
    """The package of a kind: imported only when used, because each brings its own heavy libraries."""
    return import_module(f"synthempathy.scorers.{kind}")
