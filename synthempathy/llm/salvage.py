"""What can still be read of a damaged store.

Rows stand in the table by their numbers, and an index leads from keys to numbers; either may be damaged, so rows are
read by both. A part of the keys (SHA-256 digests, which spread evenly) or of the numbers at a time is read from both its
ends, up to the first damaged page; that page costs the rows on it alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

from synthempathy.llm.store_schema import has_our_table

_DIGITS = "0123456789abcdef"
_ROWS_AT_ONCE = 256


def readable_rows(path: Path) -> Iterator[tuple[Any, ...]]:
    """The rows of the table `answers` that can be read, some of them twice; none where the file is no database."""
    with suppress(sqlite3.DatabaseError):
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            if not has_our_table(db):
                return  # no store's, or another version's table: its keys do not hold what ours hold
            for column, first, end in (*_parts_by_key(), *_parts_by_number(db)):
                for order in ("ASC", "DESC"):
                    with suppress(sqlite3.DatabaseError):
                        yield from db.execute(
                            f"SELECT * FROM answers WHERE {column} >= ? AND {column} < ? ORDER BY {column} {order}",
                            (first, end),
                        )
        finally:
            db.close()


def _parts_by_key() -> Iterator[tuple[str, str, str]]:
    """(column, first, end): the keys that begin with the same two digits, in turn."""
    for first, second in product(_DIGITS, repeat=2):
        yield "key", first + second, f"{first}{second}g"


def _parts_by_number(db: sqlite3.Connection) -> Iterator[tuple[str, int, int]]:
    """(column, first, end): rows that were written after one another. None where the last page is damaged."""
    with suppress(sqlite3.DatabaseError):
        (last,) = db.execute("SELECT MAX(rowid) FROM answers").fetchone()
        for first in range(0, (last or 0) + 1, _ROWS_AT_ONCE):
            yield "rowid", first, first + _ROWS_AT_ONCE
