"""The kinds of scorer. `scorer.kind` in params.yaml chooses; a saved scorer says its kind itself.

linear      scikit-learn over words, characters and stated cues: seconds on a CPU, the default
embeddings  logistic regression on the sentence embeddings of any encoder
biencoder   EPITOME's architecture: two encoders, a head for levels and one for rationales
judge       an LLM that is asked by a rubric

Each is a package of this name here, with the two functions of `Kind`; one whose folds are cheap has `stacked` besides.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from synthempathy.core.errors import ModelError
from synthempathy.core.progress import Advance
from synthempathy.scorers.base import FORMATS, SETTINGS_FILE, PairScorer, Surroundings
from synthempathy.scorers.labelled import LabelledPair
from synthempathy.scorers.params import Scorer

if TYPE_CHECKING:
    from synthempathy.scorers.stacking import Stack

_HINT = "run `dvc repro scorer`, or name a folder that the stage scorer wrote"


class Kind(Protocol):
    """A package of a kind."""

    def train(
        self, pairs: Sequence[LabelledPair], settings: Scorer, around: Surroundings, *, run: str, advance: Advance | None,
    ) -> PairScorer:
        """See `train_scorer`."""

    def load(self, folder: Path, about: dict[str, Any], around: Surroundings) -> PairScorer:
        """The scorer that was saved in `folder`, whose SETTINGS_FILE holds `about`. Any error where it cannot be read."""


class StackedKind(Kind, Protocol):
    """A kind whose scorer is the top of a stack, which says what the scorer is worth unseen (stacking.py)."""

    def stacked(
        self, pairs: Sequence[LabelledPair], settings: Scorer, around: Surroundings, *, advance: Advance,
    ) -> tuple[PairScorer, Stack[Any]]:
        """A scorer and its stack; `advance` is called after each fold, once for the scorer, and for each author later."""


def train_scorer(
    pairs: Sequence[LabelledPair], settings: Scorer, around: Surroundings | None = None, *, run: str = "all",
    advance: Advance | None = None,
) -> PairScorer:
    """A scorer of `settings.kind`, learned from `pairs`. InputError where they cannot teach it.

    `run` names the training ("all", "fold-0", ...), so that one that resumes finds its own checkpoints.
    """
    around = around or Surroundings()
    return around.named(_kind(settings.kind).train(pairs, settings, around, run=run, advance=advance))


def stacked_scorer(
    pairs: Sequence[LabelledPair], settings: Scorer, around: Surroundings, *, advance: Advance,
) -> tuple[PairScorer, Stack[Any]] | None:
    """A scorer with its stack; None for a kind that has none."""
    kind = _kind(settings.kind)
    if not hasattr(kind, "stacked"):
        return None
    scorer, stack = cast(StackedKind, kind).stacked(pairs, settings, around, advance=advance)
    return around.named(scorer), stack


def load_scorer(folder: Path, around: Surroundings | None = None) -> PairScorer:
    """The scorer that was saved in `folder`. ModelError if there is none, or it cannot be read."""
    if not (folder / SETTINGS_FILE).is_file():
        raise ModelError(f"{folder}: no scorer here; {_HINT}")
    try:
        about = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
        kind, form = about["kind"], about.get("format", "none")
        if FORMATS.get(kind) != form:
            known = ", ".join(FORMATS.values())
            raise ModelError(f"{folder}: a scorer of kind {kind!r} and format {form!r}; what can be read is {known}; {_HINT}")
        scorer = _kind(kind).load(folder, about, around or Surroundings())
        scorer.about, scorer.whole = about.get("about", {}), about["whole"]
        return scorer
    except ModelError:
        raise
    except Exception as error:  # the libraries raise what they like for a file that is missing or broken
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ModelError(f"{folder}: the scorer cannot be read ({reason}); {_HINT}") from None


def _kind(name: str) -> Kind:
    """Imported only when used, because each brings its own heavy libraries."""
    return cast(Kind, import_module(f"synthempathy.scorers.{name}"))
