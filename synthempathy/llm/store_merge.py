"""Several machines' stores made one: each wrote its own part of the rows, as the tasks of a Slurm array do."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from synthempathy.core.errors import InputError
from synthempathy.llm.store import Store, checksum
from synthempathy.llm.store_schema import COLUMNS, FORMAT, has_our_table, is_sound

_ROWS_AT_ONCE = 10_000


class Merged(NamedTuple):
    """Rows of a store that was merged into another: taken, there before, and left out for checksum or kinds of values."""

    taken: int
    kept: int
    damaged: int


def merge(into: Store, path: Path) -> Merged:
    """Take the good rows of the store at `path` that `into` lacks; a key that both hold keeps the row of `into`.

    InputError where there is no store of this version. It is read, and left as it is.
    """
    taken = rows = damaged = 0
    db = _opened(path)
    with closing(db):
        try:
            found = db.execute(f"SELECT {', '.join(COLUMNS)} FROM answers ORDER BY rowid")
            while some := list(itertools.islice(found, _ROWS_AT_ONCE)):
                good = [row for row in some if is_sound(row) and row[6] == checksum(*row[:5])]
                taken += into.add_rows(good)
                rows, damaged = rows + len(some), damaged + len(some) - len(good)
        except sqlite3.DatabaseError as error:
            raise InputError(
                f"cannot be merged: {error}", file=path, hint=f"{taken} answers were taken; see `synthempathy store verify`"
            ) from None
    return Merged(taken, rows - taken - damaged, damaged)


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=60)
    db.text_factory = lambda text: text.decode("utf-8", "replace")  # bytes that are no text cost their row alone
    try:
        (format_,) = db.execute("PRAGMA user_version").fetchone()
        ours = has_our_table(db)
    except sqlite3.DatabaseError as error:
        db.close()
        raise InputError(f"not a store: {error}", file=path) from None
    if format_ != FORMAT:
        db.close()
        raise InputError("a store of another version", file=path, field="user_version", value=format_, hint=f"this is {FORMAT}")
    if not ours:
        db.close()
        raise InputError("not a store: its table is not one of ours", file=path, field="answers", hint="nothing of it was read")
    return db
