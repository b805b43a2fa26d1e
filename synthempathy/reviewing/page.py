"""The review as a page: one that a server on this machine writes decisions for, or one that opens from disk and downloads them.

The page that opens from disk puts decisions.csv together itself. It is given each line but for what a person adds, already
as the file has it and in the file's order, so that its bytes are those that the terminal writes.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

from synthempathy.core.files import csv_line, written_whole
from synthempathy.core.harmless import harmless
from synthempathy.filters.base import TEXTS
from synthempathy.filters.decisions import COLUMNS, Decision, write_decisions
from synthempathy.filters.queue import Held
from synthempathy.pages.page import Page, page
from synthempathy.pages.texts import shown
from synthempathy.reviewing.desk import MOST_NOTE, Desk, key_of

HERE = Path(__file__).parent


def write_review_page(path: Path, desk: Desk) -> None:
    """The page that opens from disk, at `path`."""
    with written_whole(path) as (part,):
        part.write_text(review_page(desk, served=False).html, encoding="utf-8")


def review_page(desk: Desk, *, served: bool) -> Page:
    """The page with all rows of the desk. `served` by our server, which writes each decision; else it offers a download."""
    rows = [_row(desk, row) for row in desk.rows]
    data: dict[str, Any] = {"served": served, "file": desk.path.name, "most_note": MOST_NOTE, "rows": rows}
    if not served:
        data |= {"header": csv_line(COLUMNS), "lines": _lines(desk), "store": _store(desk)}
    return page(
        HERE / "review.html.jinja", title="Review", styles=(HERE / "review.css",), script=HERE / "review.js", connects=served,
        data=data, desk=desk, served=served,
    )


def state_of(decision: Decision | None) -> dict[str, str] | None:
    """What was decided or noted, as the page's script has it."""
    return {"what": decision.what, "note": decision.note} if decision else None


def _row(desk: Desk, row: Held) -> dict[str, Any]:
    spans = {field: [span for one in row.evidence if one.field == field for span in one.spans] for field in TEXTS}
    return {
        "name": harmless(row.id),
        "evidence": [{"reason": harmless(one.reason), "detail": harmless(one.detail)} for one in row.evidence],
        "texts": [
            {"field": field, "pieces": [list(piece) for piece in shown(getattr(row, field), spans[field])]}
            for field in TEXTS if getattr(row, field)
        ],
        "opinions": [
            {"annotator": harmless(one.annotator), "what": one.decision.what, "note": harmless(one.decision.note)}
            for one in desk.opinions.get(key_of(row), ())
        ],
        "state": state_of(desk.of(row)),
        "start": csv_line(key_of(row)).rstrip("\n"),  # id and content hash, then a decision,
        "reason": csv_line((row.reason, "")).rstrip("\n").removesuffix(","),  # this, and the note
    }


def _lines(desk: Desk) -> list[tuple[str, int | None]]:
    """All lines of the file in its order, as they stand there ("" where there is none yet), and whose row's they are."""
    places = {key_of(row): place for place, row in enumerate(desk.rows)}
    lines = []
    for key in sorted({*desk.decided, *places}):
        line = ""
        if key in desk.decided:
            stream = io.StringIO()
            write_decisions(stream, {key: desk.decided[key]})
            line = stream.getvalue().removeprefix(csv_line(COLUMNS))
        lines.append((line, places.get(key)))
    return lines


def _store(desk: Desk) -> str:
    """Under what the browser keeps decisions that were not downloaded yet: of these rows, for this file."""
    names = "\n".join([desk.path.name, *("\t".join(key_of(row)) for row in desk.rows)])
    return f"synthempathy-review-{hashlib.sha256(names.encode()).hexdigest()[:16]}"
