"""What determines a text, as a key: the store finds a completion by it, and a request draws by it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from synthempathy.llm.backends import backend_of
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Sampling, engine_of
from synthempathy.llm.prompts import Message


class KeyMaker:
    """Keys of one model's completions: the part that is the same for all of them is worked out once.

    `engine` is the one above the model's own; `schema` is what its answers are kept to.
    """

    def __init__(
        self, model: Model, engine: Engine, sampling: Sampling, schema: Mapping[str, Any] | None = None
    ) -> None:
        engine = engine_of(model.engine, engine)
        backend = backend_of(engine)
        self._backend = backend.key(engine)
        self._model = model.identity() if backend.local_weights else model.served_identity()
        self._sampling, self._schema = sampling, schema

    def key(self, messages: list[Message], sample: int, attempt: int) -> str:
        """A hash over everything but max_tokens: a finished text stays good when that is raised."""
        sampling = self._sampling
        return _digest([
            self._backend, self._model, messages, sampling.temperature, sampling.top_p, sampling.seed, sample, attempt,
            *([extras] if (extras := sampling.extras()) else []),  # absent ones leave the keys of before as they were
            *([{"schema": self._schema}] if self._schema else []),
        ]).hex()

    def seed(self, messages: list[Message], sample: int, attempt: int) -> int:
        """The request's own seed: of messages, sampling seed, sample and attempt; the same for every model."""
        return int.from_bytes(_digest([messages, self._sampling.seed, sample, attempt])[:8], "big") >> 1


def _digest(parts: list[object]) -> bytes:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()).digest()
