"""The response store: every finished answer, kept outside DVC's outs, so that nothing is generated twice.

A SQLite file (WAL) whose rows are keyed by all that determines a text: backend, model content, messages, sampling
parameters, seed, sample index and attempt. max_tokens is no part of the key: a finished answer stays good when it is
raised, a cut one is asked again.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stages.common.params import Sampling
from stages.common.progress import say
from stages.generation.engines import Completion

COMMIT_EVERY_SECONDS = 0.5
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
        self._last_commit = time.monotonic()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.commit()
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
        """Keep an answer; committed at the latest half a second of work later, and on exit."""
        self._db.execute(
            "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (key, answer.text, answer.finish_reason, answer.prompt_tokens, answer.completion_tokens, max_tokens,
             self.engine, _checksum(key, answer)),
        )
        if time.monotonic() - self._last_commit > COMMIT_EVERY_SECONDS:
            self._db.commit()
            self._last_commit = time.monotonic()

    def _opened(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=60)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute(_TABLE)
        db.commit()
        return db


def _checksum(key: str, answer: Completion) -> str:
    parts = [key, answer.text, answer.finish_reason, answer.prompt_tokens, answer.completion_tokens]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:16]
