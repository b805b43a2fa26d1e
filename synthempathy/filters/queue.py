"""Pairs held for review: data/review/queue.jsonl, what `synthempathy review` shows.

A row holds `id`, `content_hash`, `reason`, `evidence`, `explanation`, `response`. Evidence is a list, one entry for each
rule that spoke: `reason`, `field` (explanation or response), `spans` ([start, end] in characters of that field; empty
where it is about the whole text) and `detail` in words.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from synthempathy.core.errors import InputError
from synthempathy.core.records import Pair, Record, read_records
from synthempathy.filters.base import TEXTS, Verdict, text_in
from synthempathy.filters.base import Field as TextField
from synthempathy.filters.decisions import content_hash


class Evidence(BaseModel):
    """What one rule found."""

    model_config = ConfigDict(strict=True)

    reason: str
    field: TextField
    spans: list[list[int]]
    detail: str


class Held(Record):
    """A pair that waits for a decision."""

    content_hash: str
    reason: str
    evidence: list[Evidence] = Field(min_length=1)
    story: str = ""  # rows of before have none
    explanation: str
    response: str

    @model_validator(mode="after")
    def _is_as_it_was_held(self) -> Self:
        if self.content_hash != content_hash(self):
            raise ValueError("content_hash is not that of the texts: a row was changed by hand; run `dvc repro filter`")
        for one in self.evidence:
            length = len(getattr(self, one.field))
            if not all(len(span) == 2 and 0 <= span[0] <= span[1] <= length for span in one.spans):
                raise ValueError(f"evidence spans lie outside the {one.field}; run `dvc repro filter`")
        return self


def held(pair: Pair, verdicts: tuple[Verdict, ...]) -> dict[str, Any]:
    """The queue's row for `pair`. The hash is that of its explanation and response."""
    return {
        "id": pair.id,
        "content_hash": content_hash(pair),
        "reason": verdicts[0].reason,
        "evidence": evidence_of(verdicts),
        **{field: text_in(pair, field) for field in TEXTS},
    }


def evidence_of(verdicts: tuple[Verdict, ...]) -> list[dict[str, Any]]:
    """What each rule found, in plain JSON values."""
    return [
        {"reason": one.reason, "field": one.field, "spans": [list(span) for span in one.spans], "detail": one.detail}
        for one in verdicts
    ]


def read_queue(path: Path) -> list[Held]:
    """All rows that wait. InputError names file and line of a row that the filter did not write."""
    if not path.is_file():
        raise InputError("no such file", file=path, hint="run `dvc repro filter`, which writes it")
    return read_records(path, Held, allow_empty=True)
