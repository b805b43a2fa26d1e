"""What a rule takes and gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from synthempathy.core.records import Pair

Action = Literal["drop", "review"]
Field = Literal["explanation", "response"]

#: Start and end (not included) of a piece of evidence, in characters of the field's text.
Span = tuple[int, int]

#: The texts that rules read, in the order in which they read them.
FIELDS: tuple[Field, ...] = ("explanation", "response")

EVIDENCE_CHARACTERS = 160


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule found: what to do, the counted reason, and the evidence with the field it stands in.

    `spans` says where the evidence stands in the field's text; empty where it is about the whole text.
    """

    action: Action
    reason: str
    field: Field
    evidence: str
    spans: tuple[Span, ...] = ()

    @property
    def detail(self) -> str:
        """Field and evidence on one line, as `data/rejected.jsonl` shows it."""
        return f"{self.field}: {' '.join(self.evidence.split())[:EVIDENCE_CHARACTERS]}"


#: A rule is pure: the same pair gives the same verdict, and None means that it has nothing to say.
#: It reads `id`, `explanation` and `response` alone: other processes are sent no other fields (judging.py).
Rule = Callable[[Pair], Verdict | None]


def text_in(pair: Pair, field: Field) -> str:
    """The pair's text in `field`."""
    return pair.explanation if field == "explanation" else pair.response


def quoting(action: Action, reason: str, field: Field, text: str, *spans: Span) -> Verdict:
    """A verdict whose evidence is the piece of `text` at the first of `spans`."""
    start, end = spans[0]
    return Verdict(action, reason, field, text[start:end], spans)
