"""What the store keeps: a question, the answer to it, and what the answer took."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import NamedTuple

from synthempathy.llm.backends import Completion
from synthempathy.llm.params import Sampling


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


@dataclass(frozen=True)
class Making:
    """Who wrote an answer, and its share of the time (seconds) and the energy (kWh, None where not measured)."""

    step: str = ""
    model: str = ""
    engine: str = ""
    seconds: float = 0.0
    kwh: float | None = None


@dataclass(frozen=True)
class Kept(Completion):
    """An answer from the store; its id is the question's key."""

    seconds: float
    kwh: float | None


class Pace(NamedTuple):
    """How a model has written so far: tokens a row, and tokens of answers a second (None where not known)."""

    prompt_tokens: float
    completion_tokens: float
    tokens_per_second: float | None


def checksum(key: str, text: str, finish_reason: str, prompt_tokens: int, completion_tokens: int) -> str:
    """By which a damaged row is noticed: 16 hex digits."""
    told = f"{key} {finish_reason} {prompt_tokens} {completion_tokens} {text}"
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]
