"""The response store: every finished answer, kept outside DVC's outs, so that nothing is generated twice.

A SQLite file (WAL) whose rows are keyed by all that determines a text: backend, model content, messages, sampling
parameters, seed, sample index and attempt. max_tokens is no part of the key: a finished answer stays good when it is
raised, a cut one is asked again. Each row is committed as it comes, so that a kill loses none that was finished, and
carries a checksum, so that damage costs the damaged rows alone. It also says who wrote it, how long that took, and how
much energy, so that the cost of a text is known however many runs it took. Several processes may use a store at once.

    synthempathy store show|verify|prune|merge [FROM...] [--store .synthempathy/store.sqlite]
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock

from synthempathy.core.errors import InputError
from synthempathy.core.files import network_file_system
from synthempathy.core.progress import say
from synthempathy.llm.backends import Completion
from synthempathy.llm.salvage import readable_rows
from synthempathy.llm.store_schema import COLUMNS, FORMAT, TABLE, has_our_table, is_sound

_LOOK_UPS_AT_ONCE = 500
_ROWS_OF_A_PACE = 5

@dataclass(frozen=True)
class Provenance:
    """Who wrote a completion, and its share of the time (seconds) and the energy (kWh, None where not measured)."""

    step: str = ""
    model: str = ""
    engine: str = ""
    seconds: float = 0.0
    kwh: float | None = None


@dataclass(frozen=True)
class CachedCompletion(Completion):
    """A completion from the store; its id is its key."""

    seconds: float = 0.0
    kwh: float | None = None


class Pace(NamedTuple):
    """How a model has written so far: tokens per row, and completion tokens per second (None where not known)."""

    prompt_tokens: float
    completion_tokens: float
    tokens_per_second: float | None


def checksum(key: str, text: str, finish_reason: str, prompt_tokens: int, completion_tokens: int) -> str:
    """By which a damaged row is noticed: 16 hex digits."""
    content = f"{key} {finish_reason} {prompt_tokens} {completion_tokens} {text}"
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Store:
    """Open a store; use as a context manager."""

    def __init__(self, path: Path) -> None:
        self.path, self._said_shared = path, False
        path.parent.mkdir(parents=True, exist_ok=True)
        #: SQLite does not queue those who make a file or turn it to WAL at the same moment; this does.
        self._one_at_a_time = FileLock(path.with_name(f"{path.name}.lock"))
        self._open()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def find(self, wanted: dict[str, int]) -> dict[str, CachedCompletion]:
        """The good completions there are of `wanted` (key -> max_tokens). A cut one counts only under the same max_tokens.

        A finished one counts where it has no more tokens than that, or was asked for under no more: servers count tokens
        of their own (thoughts, another tokenizer), and may report more than max_tokens.
        """
        keys = list(wanted)
        found: dict[str, CachedCompletion] = {}
        for start in range(0, len(keys), _LOOK_UPS_AT_ONCE):
            some = keys[start : start + _LOOK_UPS_AT_ONCE]
            rows = filter(is_sound, self._all(
                f"SELECT {', '.join(COLUMNS)} FROM answers WHERE key IN ({','.join('?' * len(some))})", some,
            ))
            for key, text, reason, prompt_tokens, completion_tokens, max_tokens, kept_checksum, *_, seconds, kwh in rows:
                limit = wanted[key]
                whole = min(completion_tokens, max_tokens) <= limit if reason == "stop" else max_tokens == limit
                if whole and kept_checksum == checksum(key, text, reason, prompt_tokens, completion_tokens):
                    found[key] = CachedCompletion(key, text, reason, prompt_tokens, completion_tokens, seconds=seconds, kwh=kwh)
        return found

    def add(self, key: str, answer: Completion, max_tokens: int, by: Provenance | None = None) -> None:
        """Keep a completion, at once."""
        by = by or Provenance()
        if self._was_replaced():  # by another process, which found damage
            self._db.close()
            self._open()
        content = (key, answer.text, answer.finish_reason, answer.prompt_tokens, answer.completion_tokens)
        self._all(
            "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*content, max_tokens, checksum(*content), by.step, by.model, by.engine, by.seconds, by.kwh),
        )

    def pace(self, step: str, model: str) -> Pace | None:
        """How `model` has written this step's rows so far; None where it has written too few to say."""
        [(rows, prompt, completion, seconds)] = self._all(
            "SELECT COUNT(*), AVG(prompt_tokens), AVG(completion_tokens), SUM(seconds) FROM answers "
            "WHERE step = ? AND model = ?", (step, model),
        )
        return Pace(prompt, completion, completion * rows / seconds if seconds else None) if rows >= _ROWS_OF_A_PACE else None

    def counts(self) -> list[tuple[Any, ...]]:
        """(step, model, engine, finish reason, rows, completion tokens, seconds, kWh or None), sorted."""
        return self._all(
            "SELECT step, model, engine, finish_reason, COUNT(*), SUM(completion_tokens), SUM(seconds), "
            "CASE WHEN COUNT(kwh) = COUNT(*) THEN SUM(kwh) END FROM answers GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
        )

    def keys(self, step: str | None = None, model: str | None = None) -> list[str]:
        """All keys, or those of a step's or a model's answers, sorted."""
        return [key for (key,) in self._all(
            "SELECT key FROM answers WHERE step = COALESCE(?, step) AND model = COALESCE(?, model) ORDER BY key",
            (step, model),
        )]

    def damaged(self) -> list[str]:
        """Keys of the rows whose checksum, or a value's kind, does not hold, in the order in which they came."""
        rows = self._all(f"SELECT {', '.join(COLUMNS)} FROM answers")
        return [row[0] for row in rows if not is_sound(row) or row[6] != checksum(*row[:5])]

    def prune(self, keys: Iterable[str]) -> int:
        """Delete these rows and give the room back; their number."""
        some = [(key,) for key in keys]
        self._db.executemany("DELETE FROM answers WHERE key = ?", some)
        self._db.execute("VACUUM")
        return len(some)

    def add_rows(self, rows: Sequence[Sequence[object]]) -> int:
        """Take whole rows of the table whose keys are not here; how many were taken."""
        before = self._db.total_changes
        self._db.execute("BEGIN IMMEDIATE")  # one commit for all
        self._db.executemany(f"INSERT OR IGNORE INTO answers VALUES ({','.join('?' * len(COLUMNS))})", rows)
        self._db.execute("COMMIT")
        return self._db.total_changes - before

    def _opened(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=60, isolation_level=None)  # each statement is its own transaction
        if shared := network_file_system(self.path):  # WAL's index is memory that machines do not share (sqlite.org/wal.html)
            (mode,) = db.execute("PRAGMA journal_mode=DELETE").fetchone()
            if not self._said_shared:
                self._said_shared = True
                say(
                    f"the store {self.path} is on {shared}: it is kept in journal mode {mode}; give each machine a store of its "
                    "own, and merge them (synthempathy store merge)"
                )
        else:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
        (format_,) = db.execute("PRAGMA user_version").fetchone()
        if format_ not in (0, FORMAT) or (format_ == 0 and db.execute("PRAGMA table_info(answers)").fetchall()):
            db.close()
            raise sqlite3.DatabaseError("it was made by another version")
        if format_ == FORMAT and not has_our_table(db):
            db.close()
            raise sqlite3.DatabaseError("its table is not a store's")
        db.execute(TABLE)
        db.execute(f"PRAGMA user_version = {FORMAT}")
        self._inode = self.path.stat().st_ino
        return db

    def _was_replaced(self) -> bool:
        """Whether the file that is open was replaced at the store's place."""
        return not self.path.exists() or self.path.stat().st_ino != self._inode

    def _open(self) -> None:
        try:
            with self._one_at_a_time:
                try:
                    self._db = self._opened()
                except sqlite3.OperationalError:
                    raise
                except sqlite3.DatabaseError as error:
                    self._replace_damaged(error)
        except (OSError, sqlite3.OperationalError) as error:  # no right to write, a full disk: not the file's fault
            raise self._unusable(error) from None

    def _all(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """Run a statement; all its rows. Where pages of the file are damaged, what can be read is saved first."""
        try:
            return self._db.execute(statement, values).fetchall()
        except sqlite3.OperationalError as error:
            raise self._unusable(error) from None
        except sqlite3.DatabaseError as error:
            self._mend(error)
            return self._db.execute(statement, values).fetchall()

    def _mend(self, error: sqlite3.DatabaseError) -> None:
        self._db.close()
        with self._one_at_a_time:
            if self._was_replaced():  # another process has mended it
                self._open()
            else:
                self._replace_damaged(error)

    def _replace_damaged(self, error: sqlite3.DatabaseError) -> None:
        aside = self.path.with_name(f"{self.path.name}.damaged")
        self.path.replace(aside)
        for suffix in ("-wal", "-shm"):
            beside = self.path.with_name(self.path.name + suffix)
            if beside.exists():
                beside.replace(aside.with_name(aside.name + suffix))
        self._db = self._opened()
        saved = sum(self.add_rows([row]) for row in readable_rows(aside))
        say(f"the store {self.path} is damaged ({error}); {saved} answers saved from it, the file is now {aside.name}")

    def _unusable(self, error: Exception) -> InputError:
        return InputError(
            f"the store cannot be used: {error}", file=self.path, hint="free the disk, or set machine.store elsewhere",
        )
