"""The page of a comparison: `synthempathy compare A B --html PAGE`. It holds no script at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from synthempathy.core.errors import InputError
from synthempathy.core.files import written_whole
from synthempathy.evaluation.differences import Difference
from synthempathy.pages.page import page
from synthempathy.pages.texts import Piece, shown
from synthempathy.versions.changed import ROWS, ChangedRow, MostChanged, Score, lacking, most_changed
from synthempathy.versions.compared import Compared
from synthempathy.versions.drawing import Dumbbell, Interval, dumbbell, interval
from synthempathy.versions.figures import Change, changed_metrics, changed_params
from synthempathy.versions.prompts import edited_since, prompt_changes
from synthempathy.versions.texts import Texts, texts_of
from synthempathy.versions.version import Version, version
from synthempathy.versions.words import side_by_side

HERE = Path(__file__).parent


@dataclass(frozen=True)
class _Row:
    """A row as the page shows it: one explanation, or two where it changed too. Texts are None where they are not here."""

    anchor: str
    row: ChangedRow
    scores: list[tuple[Score, Dumbbell]]
    category: str
    explanation: list[Piece] | None
    explanations: tuple[list[Piece], list[Piece]] | None
    responses: tuple[list[Piece] | None, list[Piece] | None]
    same_response: bool


@dataclass(frozen=True)
class _System:
    """A system's part of the page."""

    compared: Compared
    intervals: list[tuple[Difference, Interval]]
    most: MostChanged
    rows: dict[str, _Row]


def write_page(
    path: Path, names: tuple[str, str], systems: Sequence[Compared], remarks: Sequence[str], *, rows: int = ROWS,
) -> None:
    """Write the page of A and B (`names`) to `path`. `remarks` stand above all; so many `rows` are shown of each score."""
    a, b = (version(name) for name in names)
    texts = texts_of(a), texts_of(b)
    top = math.ceil(max(value for one in systems for row in (*one.first, *one.second) for value in row.scores.values()) or 1)
    parts = [_system(one, texts, rows, top) for one in systems]
    params, problem = _params(a, b)
    made = page(
        HERE / "compare.html.jinja", title=f"{a.name} and {b.name}", styles=(HERE / "compare.css",),
        versions=(a, b), remarks=remarks, systems=parts, prompts=prompt_changes(a, b),
        edited=[(one, edited_since(one)) for one in (a, b) if one.commit is None and not one.is_file],
        params=params, params_problem=problem, metrics=changed_metrics(a, b), missing=_missing(texts, (a, b), parts),
        files=a.is_file or b.is_file, label=label, signed=signed,
    )
    with written_whole(path) as (part,):
        part.write_text(made.html, encoding="utf-8")


def label(name: str) -> str:
    """A score's name as tables show it."""
    return name.upper() if len(name) <= 3 else name.replace("_", " ")


def signed(value: float) -> str:
    """A difference with two places; one that rounds to nothing has no sign."""
    text = f"{value:+.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text


def _system(one: Compared, texts: tuple[Texts, Texts], rows: int, top: float) -> _System:
    most = most_changed(one.first, one.second, rows)
    reach = max([0.1, *(abs(end) for d in one.differences for end in (d.low, d.high, d.difference) if end is not None)])
    intervals = [(d, interval(d.difference, d.low, d.high, reach)) for d in one.differences]
    shown_rows = {
        row.pair_id: _row(f"{one.system}-{number}", row, texts, top)
        for number, row in enumerate([*most.overall, *most.more], start=1)
    }
    return _System(one, intervals, most, shown_rows)


def _row(anchor: str, row: ChangedRow, texts: tuple[Texts, Texts], top: float) -> _Row:
    first, second = texts[0].of(row.first), texts[1].of(row.second)
    known = first or second
    both = side_by_side(first.explanation, second.explanation) if first and second and not row.same_explanation else None
    responses: tuple[list[Piece] | None, list[Piece] | None]
    if first and second:
        responses = side_by_side(first.response, second.response)
    else:
        responses = shown(first.response) if first else None, shown(second.response) if second else None
    return _Row(
        anchor, row, [(score, dumbbell(score.first, score.second, top)) for score in row.scores],
        known.category if known else "", shown(known.explanation) if known and not both else None, both, responses,
        row.first.response == row.second.response,
    )


def _missing(texts: tuple[Texts, Texts], versions: tuple[Version, Version], parts: Sequence[_System]) -> list[str]:
    """Why texts of A or B are not shown, a line each."""
    lines = []
    for side, version_, own in zip(("first", "second"), versions, texts, strict=True):
        if own.missing:
            lines.append(own.missing)
        elif any(lacking([row.row for row in one.rows.values()], own, side) for one in parts):
            lines.append(f"{version_.name}: some texts at hand are not those that were scored; run `dvc repro`")
    return list(dict.fromkeys(lines))


def _params(a: Version, b: Version) -> tuple[list[Change], str]:
    if a.is_file or b.is_file:
        return [], ""
    try:
        return changed_params(a, b), ""
    except InputError as error:
        return [], str(error)
