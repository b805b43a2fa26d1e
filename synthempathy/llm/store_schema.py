"""The table of a response store, and whether a file, or a row of it, is as we write them: SQLite keeps anything anywhere."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from typing import get_args

from synthempathy.llm.backends import FinishReason

FORMAT = 2  # of the table; kept in the file's user_version
TABLE = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, text TEXT NOT NULL, finish_reason TEXT NOT NULL, prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL, max_tokens INTEGER NOT NULL, checksum TEXT NOT NULL,
    step TEXT NOT NULL, model TEXT NOT NULL, engine TEXT NOT NULL, seconds REAL NOT NULL, kwh REAL
)
"""  # rows stand in the order in which they came, and are mostly looked up in it; WITHOUT ROWID would strew them by key
COLUMNS = (
    "key", "text", "finish_reason", "prompt_tokens", "completion_tokens", "max_tokens", "checksum", "step", "model", "engine",
    "seconds", "kwh",
)
_NUMBERS, _MAY_LACK = frozenset(("seconds", "kwh")), "kwh"
_COUNTS = frozenset(("prompt_tokens", "completion_tokens", "max_tokens"))
_MOST_TOKENS = 2**31  # sums of such overflow nowhere


def has_our_table(db: sqlite3.Connection) -> bool:
    """Whether `answers` is a table of ours. A view, which may have no end, is none; nothing of it is read to know."""
    found = db.execute("SELECT type, rootpage FROM sqlite_master WHERE name = 'answers'").fetchall()
    if [(kind, bool(page)) for kind, page in found] != [("table", True)]:  # a virtual table stands on no page
        return False
    columns = db.execute("PRAGMA table_xinfo(answers)").fetchall()
    return [(name, hidden) for _, name, _, _, _, _, hidden in columns] == [(name, 0) for name in COLUMNS]


def is_sound(row: Sequence[object]) -> bool:
    """Whether each value of a row is of its column's kind: SQLite takes any in any column, and the checksum covers but five."""
    values = dict(zip(COLUMNS, row, strict=True))
    return all(map(_fits, values, values.values())) and values["finish_reason"] in get_args(FinishReason)


def _fits(column: str, value: object) -> bool:
    if column in _COUNTS:
        return type(value) is int and 0 <= value < _MOST_TOKENS
    if column in _NUMBERS:
        return (value is None and column == _MAY_LACK) or (isinstance(value, int | float) and math.isfinite(value))
    return isinstance(value, str)
