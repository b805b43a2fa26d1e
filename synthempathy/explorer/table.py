"""A table of the site: columns for filters and sorting, rows in chunks that are loaded as they are looked at, an index of words.

    NAME/columns.js     ids, columns, where the chunks begin, the first word of each shard of the index
    NAME/chunk-0.js ... the rows
    NAME/index-0.js ... the words (search.py)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from synthempathy.explorer.scripts import as_script, packed, write_call
from synthempathy.explorer.search import Postings, write_index

CHUNK_ROWS = 100  # few, so that rows from everywhere, as a sorted list shows them, come quickly
CHUNK_CHARACTERS = 400_000  # a chunk ends beyond: a row may be a million characters
_NOTHING = 0xFFFF  # of a number that is not known
_MOST_CHOICES = 0xFFFF


@dataclass(frozen=True)
class Choice:
    """A column of names, few of them, to filter by; None where a row has none."""

    name: str
    title: str
    values: Sequence[str | None]

    def written(self) -> dict[str, Any]:
        """Names in order of their text, and each row's number among them, 65535 for none."""
        names = sorted({one for one in self.values if one is not None})[: _MOST_CHOICES]
        number: dict[str | None, int] = {name: at for at, name in enumerate(names)}
        data = np.array([number.get(one, _NOTHING) for one in self.values], dtype=np.uint16)
        return {"kind": "choice", "name": self.name, "title": self.title, "names": names, "data": packed(data)}


@dataclass(frozen=True)
class Number:
    """A column of numbers, to filter and sort by: kept in 65,535 steps between the least and the most."""

    name: str
    title: str
    values: Sequence[float | None]

    def written(self) -> dict[str, Any]:
        """`low`, `step` and each row's steps, 65535 for none."""
        known = [float(one) for one in self.values if one is not None and math.isfinite(one)]
        low, high = min(known, default=0.0), max(known, default=0.0)
        whole = all(one.is_integer() for one in known) and high - low < _NOTHING
        step = 1.0 if whole else (high - low) / (_NOTHING - 1) or 1.0  # none is left of the least difference that there is
        data = np.array([
            _NOTHING if one is None or not math.isfinite(one) else round((one - low) / step) for one in self.values
        ], dtype=np.uint16)
        return {"kind": "number", "name": self.name, "title": self.title, "low": low, "step": step, "data": packed(data)}


def write_table(
    folder: Path, name: str, ids: Sequence[str], columns: Iterable[Choice | Number], postings: Postings,
    row: Callable[[int], dict[str, Any]],
) -> None:
    """Write `folder/name`. `row(i)` gives the row as web/detail.js shows it; it is asked once a row, in order."""
    place = folder / name
    place.mkdir(parents=True)
    starts: list[int] = []
    chunk: list[dict[str, Any]] = []
    size = 0

    def close() -> None:
        nonlocal chunk, size
        write_call(place / f"chunk-{len(starts) - 1}.js", "chunk", name, len(starts) - 1, chunk)
        chunk, size = [], 0

    for at in range(len(ids)):
        if not chunk:
            starts.append(at)
        chunk.append(row(at))
        size += len(as_script(chunk[-1]))
        if len(chunk) == CHUNK_ROWS or size > CHUNK_CHARACTERS:
            close()
    if chunk:
        close()
    shards = write_index(place, name, postings, len(ids))
    write_call(place / "columns.js", "columns", name, {
        "ids": list(ids), "chunks": starts, "shards": shards, "columns": [one.written() for one in columns],
    })
