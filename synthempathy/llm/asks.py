"""What a generation step asks, and what comes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from synthempathy.core.ledger import Ledger
from synthempathy.core.records import Record
from synthempathy.generation import checks
from synthempathy.llm.backends import Completion
from synthempathy.llm.prompts import Message


@dataclass(frozen=True)
class Ask:
    """One row wanted. `record` is what a dropped row is written from.

    `messages` may be a function that renders them: they are then not all held at once.
    """

    id: str
    record: Record
    messages: list[Message] | Callable[[], list[Message]]
    sample: int = 0

    def rendered(self) -> list[Message]:
        """The chat messages."""
        return self.messages() if callable(self.messages) else self.messages


@dataclass
class Answers:
    """What came of the asks: by id, in the asks' order; every ask is in exactly one of the two."""

    accepted: dict[str, dict[str, str]] = field(default_factory=dict)
    model_of: dict[str, str] = field(default_factory=dict)  # the model that wrote each accepted row
    dropped: list[dict[str, Any]] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    asked_again: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def metrics(self, step: str, rows_in: int) -> dict[str, object]:
        """The step's metrics; rows conserved."""
        ledger = Ledger(step, rows_in, checks.REASONS)
        for reason, rows in self.reasons.items():
            ledger.drop(reason, rows)
        return ledger.close(len(self.accepted)) | {
            "asked_again": self.asked_again, "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
        }


#: Gives the row's new fields, or the reason why the answer is no good.
Reader = Callable[[Ask, Completion], "dict[str, str] | str"]
