"""What a rule takes and gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from stages.common.records import Pair

Action = Literal["drop", "review"]
Field = Literal["explanation", "response"]

#: The texts that rules read, in the order in which they read them.
FIELDS: tuple[Field, ...] = ("explanation", "response")

EVIDENCE_CHARACTERS = 160


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule found: what to do, the counted reason, and the evidence with the field it stands in."""

    action: Action
    reason: str
    field: Field
    evidence: str

    @property
    def detail(self) -> str:
        """Field and evidence on one line, as `data/rejected.jsonl` shows it."""
        return f"{self.field}: {' '.join(self.evidence.split())[:EVIDENCE_CHARACTERS]}"


#: A rule is pure: the same pair gives the same verdict, and None means that it has nothing to say.
Rule = Callable[[Pair], Verdict | None]


def text_in(pair: Pair, field: Field) -> str:
    """The pair's text in `field`."""
    return pair.explanation if field == "explanation" else pair.response
