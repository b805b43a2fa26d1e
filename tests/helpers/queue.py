"""A review queue as the filter writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from synthempathy.filters.base import Verdict
from synthempathy.filters.queue import held
from tests.helpers.pairs import pair_of


def held_row(
    name: str, explanation: str = "My cousin was murdered.", response: str = "I am so sorry.", *, evidence: str = "murdered",
    reason: str = "review_violence", **more: str,
) -> dict[str, Any]:
    """A row of the queue with `evidence` of the explanation marked."""
    start = explanation.index(evidence)
    spans = ((start, start + len(evidence)),)
    return held(
        pair_of(explanation, response, id=name, **more), (Verdict("review", reason, "explanation", evidence, spans),),
    )


def write_queue(path: Path, *rows: dict[str, Any]) -> Path:
    """data/review/queue.jsonl."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
