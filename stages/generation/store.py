"""The response store: every finished answer, kept outside DVC's outs, so that nothing is generated twice.

A SQLite file (WAL) whose rows are keyed by all that determines a text: backend, model content, messages, sampling
parameters, seed, sample index and attempt. max_tokens is no part of the key: a finished answer stays good when it is
raised, a cut one is asked again. Each row is committed as it comes, so that a kill loses none that was finished, and
carries a checksum, so that damage costs the damaged rows alone.

    python -m stages.generation.store show|verify|prune [--store .synthempathy/store.sqlite]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stages.common.command import guarded
from stages.common.errors import InputError
from stages.common.progress import say
from stages.common.sections import Sampling
from stages.generation.engines import Completion

_LOOK_UPS_AT_ONCE = 500
_TABLE = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, text TEXT NOT NULL, finish_reason TEXT NOT NULL, prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL, max_tokens INTEGER NOT NULL, engine TEXT NOT NULL, checksum TEXT NOT NULL
) WITHOUT ROWID
"""


@dataclass(frozen=True)
class Question:
    """All that determines a text."""

    backend: str
    model: str
    messages: list[dict[str, str]]
    sampling: Sampling
    sample: int
    attempt: int

    @property
    def key(self) -> str:
        """A hash over everything but max_tokens."""
        parts = [
            self.backend, self.model, self.messages, self.sampling.temperature, self.sampling.top_p,
            self.sampling.seed, self.sample, self.attempt,
        ]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()).hexdigest()

    @property
    def seed(self) -> int:
        """The request's own seed: of messages, sampling seed, sample and attempt; the same for every model."""
        parts = [self.messages, self.sampling.seed, self.sample, self.attempt]
        digest = hashlib.sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1


class Store:
    """Open a store; use as a context manager, so that the last answers are committed."""

    def __init__(self, path: Path, engine: str = "") -> None:
        self.path, self.engine = path, engine
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = self._opened()
        except sqlite3.DatabaseError as error:
            aside = path.with_name(f"{path.name}.damaged")
            path.replace(aside)
            say(f"the store {path} was damaged ({error}); moved to {aside.name}, starting a new one")
            self._db = self._opened()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def find(self, questions: Iterable[Question]) -> dict[str, Completion]:
        """The good answers there are, by key. A cut answer counts only under the same max_tokens."""
        by_key = {question.key: question for question in questions}
        keys = list(by_key)
        found: dict[str, Completion] = {}
        for start in range(0, len(keys), _LOOK_UPS_AT_ONCE):
            some = keys[start : start + _LOOK_UPS_AT_ONCE]
            rows = self._db.execute(
                "SELECT key, text, finish_reason, prompt_tokens, completion_tokens, max_tokens, checksum "
                f"FROM answers WHERE key IN ({','.join('?' * len(some))})", some,
            )
            for key, text, reason, prompt_tokens, completion_tokens, max_tokens, checksum in rows:
                answer = Completion(key, text, reason, prompt_tokens, completion_tokens)
                limit = by_key[key].sampling.max_tokens
                whole = completion_tokens <= limit if reason == "stop" else max_tokens == limit
                if whole and checksum == _checksum(key, answer):
                    found[key] = answer
        return found

    def add(self, key: str, answer: Completion, max_tokens: int) -> None:
        """Keep an answer, at once."""
        self._db.execute(
            "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (key, answer.text, answer.finish_reason, answer.prompt_tokens, answer.completion_tokens, max_tokens,
             self.engine, _checksum(key, answer)),
        )

    def counts(self) -> list[tuple[str, str, int, int]]:
        """(engine, finish reason, rows, completion tokens), sorted."""
        return self._db.execute(
            "SELECT engine, finish_reason, COUNT(*), SUM(completion_tokens) FROM answers GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()

    def keys(self) -> list[str]:
        """All keys."""
        return [key for (key,) in self._db.execute("SELECT key FROM answers")]

    def damaged(self) -> list[str]:
        """Keys of the rows whose checksum does not hold."""
        rows = self._db.execute(
            "SELECT key, text, finish_reason, prompt_tokens, completion_tokens, checksum FROM answers"
        )
        return [key for key, *answer, checksum in rows if checksum != _checksum(key, Completion(key, *answer))]

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
        db.execute(_TABLE)
        return db


def _checksum(key: str, answer: Completion) -> str:
    parts = [key, answer.text, answer.finish_reason, answer.prompt_tokens, answer.completion_tokens]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:16]


def main() -> None:
    """Show what the store holds, verify its checksums, or prune the damaged rows (or all, with --all)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("show", "verify", "prune"))
    parser.add_argument("--store", type=Path, default=Path(".synthempathy/store.sqlite"), help="default: %(default)s")
    parser.add_argument("--all", action="store_true", help="prune: delete every row, not the damaged alone")
    given = parser.parse_args()
    if not given.store.is_file():
        raise InputError("no such store", file=given.store, way_out="run a generation step, or give --store")
    with Store(given.store) as store:
        match given.action:
            case "show":
                for engine, reason, rows, tokens in store.counts():
                    print(f"{engine}  {reason}  {rows} rows  {tokens} tokens")
            case "verify":
                damaged = store.damaged()
                print(f"{len(damaged)} damaged rows")
                if damaged:
                    raise InputError(f"{len(damaged)} damaged rows", file=given.store, way_out="prune them")
            case "prune":
                keys = store.keys() if given.all else store.damaged()
                print(f"{store.prune(keys)} rows deleted")


if __name__ == "__main__":
    guarded(main)
