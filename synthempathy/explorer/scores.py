"""Scores of pairs, and of each sentence of a response: the sentences that a score comes from.

A scorer reads a pair as a whole. What a sentence gave is asked in the same way: the sentence alone, as a response to the
same explanation. Names of scores are those that the scorer gives.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthempathy.core.progress import progress
from synthempathy.explorer.scripts import units
from synthempathy.scorers.base import SETTINGS_FILE, PairScorer
from synthempathy.scorers.kinds import load_scorer
from synthempathy.scorers.reading import sentences

#: Kinds that read a corpus in seconds. Of the others only scores that a stage before wrote are shown.
QUICK = frozenset(("linear",))
DECIMALS = 2
_AT_ONCE = 8000  # pairs: enough for a scorer to share among processes, few enough to hold all their sentences in memory


@dataclass(frozen=True)
class Scored:
    """`of` holds each score's values, pair by pair; `sentences` for each pair [start, end, score, ...] of each sentence."""

    of: dict[str, NDArray[np.float64]]
    sentences: list[list[list[float]]]


def scorer_in(folder: Path) -> PairScorer | None:
    """The scorer that was saved in `folder`, if it is of a quick kind. ModelError if it cannot be read."""
    return load_scorer(folder) if _kind(folder) in QUICK | {None} else None


def scored(scorer: PairScorer, explanations: Sequence[str], responses: Sequence[str], *, label: str) -> Scored:
    """Score every pair, and every sentence of its response."""
    of: dict[str, list[NDArray[np.float64]]] = {}
    by_sentence: list[list[list[float]]] = []
    with progress(label, len(responses)) as advance:
        for start in range(0, len(responses), _AT_ONCE):
            asked, given = explanations[start : start + _AT_ONCE], responses[start : start + _AT_ONCE]
            for name, values in scorer.score(asked, given).items():
                of.setdefault(name, []).append(values)
            by_sentence += _sentences(scorer, asked, given, tuple(of))
            advance(len(given))
    return Scored({name: np.concatenate(parts) for name, parts in of.items()}, by_sentence)


def _sentences(
    scorer: PairScorer, explanations: Sequence[str], responses: Sequence[str], names: Sequence[str]
) -> list[list[list[float]]]:
    places = [[(one.start, one.end) for one in sentences(text, any_script=True)] for text in responses]
    parts = [text[s:e] for text, spans in zip(responses, places, strict=True) for s, e in spans]
    asked = [text for text, spans in zip(explanations, places, strict=True) for _ in spans]
    values = np.round(np.stack(list(scorer.score(asked, parts).values()), axis=1), DECIMALS).tolist() if parts else []
    rows = iter(values)
    return [
        [[units(text, s), units(text, e), *next(rows)[: len(names)]] for s, e in spans]
        for text, spans in zip(responses, places, strict=True)
    ]


def _kind(folder: Path) -> str | None:
    """The kind that the folder's settings name; None where they cannot be read, which `load_scorer` says in words."""
    try:
        value: Any = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return str(value.get("kind")) if isinstance(value, dict) else None
