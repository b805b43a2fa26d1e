"""The table of what left: every row that a stage dropped, trimmed, rejected or holds for review, with the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from synthempathy.core.records import Record, Story
from synthempathy.explorer.search import postings_of
from synthempathy.explorer.showing import Labels, facts_of, marks_of, searched, texts_of
from synthempathy.explorer.table import Choice, write_table

#: Of the field that evidence of a repeated story stands in.
_STORY = "story"
#: From here on a detail is a text of its own, and not a line.
_LONG = 120


class Left(Record):
    """A row that left: what it was, and why. `detail` is a duplicate's partner, an answer that was no use, or words."""

    category: str
    reason: str
    detail: str = ""


class Evidence(Record):
    """A held row of the review queue; see filters/queue.py."""

    id: str
    evidence: list[dict[str, Any]] = Field(default_factory=list)


def write_left(
    folder: Path, stages: Mapping[str, Sequence[Left]], held: Sequence[Evidence], stories: Sequence[Story], labels: Labels
) -> None:
    """The table `left`. `stages` names which stage dropped each row; `stories` hold the partners of repeated ones."""
    rows = [row for some in stages.values() for row in some]
    of_stage = [stage for stage, some in stages.items() for _ in some]
    waiting = {one.id: one.evidence for one in held}
    wanted = {row.detail for row in rows}
    partners = {story.id: story for story in stories if story.id in wanted}
    columns = [
        Choice("stage", "Stage", of_stage),
        Choice("reason", "Reason", [row.reason for row in rows]),
        Choice("category", "Category", [row.category for row in rows]),
        Choice("state", "State", ["held for review" if row.id in waiting else "left" for row in rows]),
    ]

    def row(at: int) -> dict[str, Any]:
        one = rows[at]
        partner = partners.get(one.detail)
        texts = texts_of(one, labels)
        found: dict[str, Any] = {
            "id": one.id, "stage": of_stage[at], "reason": one.reason, "texts": texts, "facts": facts_of(one, labels),
        }
        evidence = _evidence(one, waiting.get(one.id))
        for text in texts:
            text["marks"] = [m for e in evidence if e.get("field") == text["field"] for m in marks_of(text["text"], _spans(e))]
        found["evidence"] = [[str(e.get("field", "")), str(e.get("reason", "")), str(e.get("detail", ""))] for e in evidence]
        if partner:
            found["partner"] = {"id": partner.id, "texts": texts_of(partner, labels)[-1:]}
        elif len(one.detail) > _LONG or "\n" in one.detail:
            texts.append({"field": "detail", "title": "What was written", "text": one.detail})
        elif one.detail:
            found["detail"] = one.detail
        return found

    postings = postings_of(searched(one, labels, one.reason, one.detail) for one in rows)
    write_table(folder, "left", [f"{stage}/{one.id}" for stage, one in zip(of_stage, rows, strict=True)], columns, postings, row)


def _evidence(row: Left, held: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """What spoke against the row: the filter's evidence as it stands, or the repeated passages of a story."""
    values = row.model_dump()
    given = held or values.get("evidence")
    if isinstance(given, list):
        return [one for one in given if isinstance(one, dict)]
    trims = [one.get("characters") for one in _list(values.get("trims")) if isinstance(one, dict)]
    spans = [span for span in [values.get("characters"), *trims] if isinstance(span, list) and len(span) == 2]
    return [{"field": _STORY, "spans": spans}] if spans else []


def _spans(evidence: dict[str, Any]) -> list[list[int]]:
    spans = _list(evidence.get("spans"))
    return [s for s in spans if isinstance(s, list) and len(s) == 2 and all(isinstance(n, int) for n in s)]


def _list(value: Any) -> list[Any]:
    """A list of a row that may be anyone's: anything else counts as none."""
    return value if isinstance(value, list) else []
