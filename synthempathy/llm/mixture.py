"""Mixtures of models: which model writes a row follows from the row's id alone.

Weighted rendezvous hashing (Thaler and Ravishankar 1998; weights after Schindelhauer and Schomaker 2005): each model
draws a number from the row's id, and the lowest wins. A model's share of the rows is its share of the weights. A model
that is added takes rows from the others in proportion and moves no other row, so what the others wrote stays good.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from typing import TypeVar

from synthempathy.llm.loading import Model

R = TypeVar("R")


def place_of(id: str, mixture: Sequence[Model]) -> int:
    """The place in `mixture` of the model that writes the row `id`."""
    if len(mixture) == 1:
        return 0
    return min(range(len(mixture)), key=lambda place: _draw(id, mixture[place]))


def by_model(
    rows: Iterable[tuple[str, R]], mixture: Sequence[Model]
) -> list[tuple[Model, list[R]]]:
    """The rows (id, row) by the model that writes them; models in the mixture's order, none without a row."""
    parts: list[list[R]] = [[] for _ in mixture]
    for id, row in rows:
        parts[place_of(id, mixture)].append(row)
    return [(model, part) for model, part in zip(mixture, parts, strict=True) if part]


def _draw(id: str, model: Model) -> float:
    """An exponential draw with the weight as its rate; the same on every machine."""
    digest = hashlib.sha256(f"{id}\0{model.name}\0{model.revision or ''}".encode()).digest()
    return -math.log((int.from_bytes(digest[:8], "big") + 0.5) / 2**64) / model.weight
