"""The response store: every finished answer, kept outside DVC's outs, so that nothing is generated twice.

A SQLite file (WAL) whose rows are keyed by all that determines a text: backend, model content, messages, sampling
parameters, seed, sample index and attempt. max_tokens is no part of the key: a finished answer stays good when it is
raised, a cut one is asked again. Each row is committed as it comes, so that a kill loses none that was finished, and
carries a checksum, so that damage costs the damaged rows alone. It also says who wrote it, how long that took, and how
much energy, so that the cost of a text is known however many runs it took. Several processes may use a store at once.

    python -m synthempathy.llm.store show|verify|prune [--store .synthempathy/store.sqlite]
"""

from __future__ import annotations

import argparse
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from synthempathy.core.command import guarded
from synthempathy.core.errors import InputError
from synthempathy.core.progress import say
from synthempathy.llm.backends import Completion
from synthempathy.llm.question import Kept, Making, Pace, Question, checksum
from synthempathy.llm.salvage import readable_rows

__all__ = ["Kept", "Making", "Pace", "Question", "Store"]

_LOOK_UPS_AT_ONCE = 500
_FORMAT = 2  # of the table; kept in the file's user_version
_TABLE = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, text TEXT NOT NULL, finish_reason TEXT NOT NULL, prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL, max_tokens INTEGER NOT NULL, checksum TEXT NOT NULL,
    step TEXT NOT NULL, model TEXT NOT NULL, engine TEXT NOT NULL, seconds REAL NOT NULL, kwh REAL
)
"""  # rows stand in the order in which they came, and are mostly looked up in it; WITHOUT ROWID would strew them by key


class Store:
    """Open a store; use as a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        #: SQLite does not queue those who make a file or turn it to WAL at the same moment; this does.
        self._one_at_a_time = FileLock(path.with_name(f"{path.name}.lock"))
        self._open()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def find(self, questions: Iterable[Question]) -> dict[str, Kept]:
        """The good answers there are, by key. A cut answer counts only under the same max_tokens."""
        return self.find_keys({question.key: question.sampling.max_tokens for question in questions})

    def find_keys(self, wanted: dict[str, int]) -> dict[str, Kept]:
        """As `find`, of (key -> max_tokens)."""
        keys = list(wanted)
        found: dict[str, Kept] = {}
        for start in range(0, len(keys), _LOOK_UPS_AT_ONCE):
            some = keys[start : start + _LOOK_UPS_AT_ONCE]
            rows = self._all(
                "SELECT key, text, finish_reason, prompt_tokens, completion_tokens, max_tokens, checksum, seconds, kwh "
                f"FROM answers WHERE key IN ({','.join('?' * len(some))})", some,
            )
            for key, text, reason, prompt_tokens, completion_tokens, max_tokens, told, seconds, kwh in rows:
                limit = wanted[key]
                whole = completion_tokens <= limit if reason == "stop" else max_tokens == limit
                if whole and told == checksum(key, text, reason, prompt_tokens, completion_tokens):
                    found[key] = Kept(key, text, reason, prompt_tokens, completion_tokens, seconds, kwh)
        return found

    def add(self, key: str, answer: Completion, max_tokens: int, making: Making | None = None) -> None:
        """Keep an answer, at once."""
        by = making or Making()
        if self._set_aside():  # by another process, which found damage
            self._db.close()
            self._open()
        told = (key, answer.text, answer.finish_reason, answer.prompt_tokens, answer.completion_tokens)
        self._all(
            "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*told, max_tokens, checksum(*told), by.step, by.model, by.engine, by.seconds, by.kwh),
        )

    def pace(self, step: str, model: str) -> Pace | None:
        """How `model` has written this step's rows so far; None where it has not."""
        [(rows, prompt, completion, seconds)] = self._all(
            "SELECT COUNT(*), AVG(prompt_tokens), AVG(completion_tokens), SUM(seconds) FROM answers "
            "WHERE step = ? AND model = ?", (step, model),
        )
        return Pace(prompt, completion, completion * rows / seconds if seconds else None) if rows else None

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
        """Keys of the rows whose checksum does not hold, in the order in which they came."""
        rows = self._all("SELECT checksum, key, text, finish_reason, prompt_tokens, completion_tokens FROM answers")
        return [answer[0] for told, *answer in rows if told != checksum(*answer)]

    def prune(self, keys: Iterable[str]) -> int:
        """Delete these rows and give the room back; their number."""
        some = [(key,) for key in keys]
        self._db.executemany("DELETE FROM answers WHERE key = ?", some)
        self._db.execute("VACUUM")
        return len(some)

    def _opened(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=60, isolation_level=None)  # each statement is its own transaction
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        (format_,) = db.execute("PRAGMA user_version").fetchone()
        if format_ not in (0, _FORMAT) or (format_ == 0 and db.execute("PRAGMA table_info(answers)").fetchall()):
            db.close()
            raise sqlite3.DatabaseError("it was made by another version")
        db.execute(_TABLE)
        db.execute(f"PRAGMA user_version = {_FORMAT}")
        self._inode = self.path.stat().st_ino
        return db

    def _set_aside(self) -> bool:
        """Whether the file that is open is no more the one at the store's place."""
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
            if self._set_aside():  # another process has mended it
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
        saved = 0
        for row in readable_rows(aside):
            saved += self._db.execute(f"INSERT OR IGNORE INTO answers VALUES ({','.join('?' * 12)})", row).rowcount
        say(f"the store {self.path} is damaged ({error}); {saved} answers saved from it, the file is now {aside.name}")

    def _unusable(self, error: Exception) -> InputError:
        return InputError(
            f"the store cannot be used: {error}", file=self.path, hint="free the disk, or set machine.store elsewhere",
        )


def show(store: Store) -> None:
    """Print what the store holds, by step, model and engine."""
    from rich.console import Console
    from rich.table import Table

    table = Table("step", "model", "engine", "ended by", "rows", "tokens", "seconds", "kWh")
    for *names, rows, tokens, seconds, kwh in store.counts():
        table.add_row(*names, f"{rows:,}", f"{tokens:,}", f"{seconds:,.1f}", "-" if kwh is None else f"{kwh:.4f}")
    Console(width=120).print(table, markup=False)
    size = store.path.stat().st_size / 1e6
    print(f"{len(store.keys()):,} answers in {store.path}, {size:.1f} MB")


def main() -> None:
    """Show what the store holds, verify its checksums, or prune the damaged rows (or all, with --all)."""
    parser = argparse.ArgumentParser(
        prog="python -m synthempathy.llm.store", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=("show", "verify", "prune"))
    parser.add_argument("--store", type=Path, default=Path(".synthempathy/store.sqlite"), help="default: %(default)s")
    parser.add_argument("--step", help="prune: delete this step's answers, not the damaged alone")
    parser.add_argument("--model", help="prune: delete this model's answers (with --step: those of the two)")
    parser.add_argument("--all", action="store_true", help="prune: delete every answer")
    given = parser.parse_args()
    if not given.store.is_file():
        raise InputError("no such store", file=given.store, hint="run a generation step, or give --store")
    with Store(given.store) as store:
        match given.action:
            case "show":
                show(store)
            case "verify":
                damaged = store.damaged()
                print(f"{len(damaged)} damaged rows")
                if damaged:
                    raise InputError(f"{len(damaged)} damaged rows", file=given.store, hint="prune them")
            case "prune":
                some = given.all or given.step or given.model
                keys = store.keys(given.step, given.model) if some else store.damaged()
                print(f"{store.prune(keys)} rows deleted")


if __name__ == "__main__":
    guarded(main)
