"""A table's files: columns in small numbers, rows in chunks by number and by size."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

from synthempathy.explorer.search import postings_of
from synthempathy.explorer.table import CHUNK_CHARACTERS, CHUNK_ROWS, Choice, Number, write_table


def values(column: dict[str, Any]) -> list[Any]:
    numbers = np.frombuffer(base64.b64decode(column["data"]), dtype="<u2").tolist()
    if column["kind"] == "choice":
        return [None if one == 65535 else column["names"][one] for one in numbers]
    return [None if one == 65535 else column["low"] + one * column["step"] for one in numbers]


def test_choices_come_back() -> None:
    given = ["b", None, "a", "b", "</script>"]
    assert values(Choice("c", "C", given).written()) == given


def test_numbers_come_back_within_half_a_step() -> None:
    given = [0.25, None, -3.0, 1.9999, float("nan")]
    written = Number("n", "N", given).written()
    back = values(written)
    assert back[1] is None and back[4] is None
    assert all(abs(one - other) <= written["step"] for one, other in zip([back[0], *back[2:4]], [0.25, -3.0, 1.9999], strict=True))
    assert values(Number("n", "N", [7, 120, 9]).written()) == [7, 120, 9]
    assert values(Number("n", "N", [None]).written()) == [None]
    assert values(Number("n", "N", [2.5, 2.5]).written()) == [2.5, 2.5]


def argument(path: Path) -> list[Any]:
    call = path.read_text(encoding="utf-8")
    found: list[Any] = json.loads(f"[{call[call.index('(') + 1 : -3]}]")
    return found


def test_chunks_hold_every_row_once(tmp_path: Path) -> None:
    """A row that fills a chunk ends it."""
    count, large = 2 * CHUNK_ROWS + 20, 5
    rows = [{"id": f"r{at}", "text": "x" * (CHUNK_CHARACTERS + 1 if at == large else 3)} for at in range(count)]
    write_table(tmp_path, "rows", [row["id"] for row in rows], [], postings_of(""), rows.__getitem__)
    about = argument(tmp_path / "rows/columns.js")[1]
    assert about["chunks"] == [0, large + 1, large + 1 + CHUNK_ROWS, large + 1 + 2 * CHUNK_ROWS]
    read = [row for number in range(4) for row in argument(tmp_path / f"rows/chunk-{number}.js")[2]]
    assert read == rows


def test_a_table_without_rows(tmp_path: Path) -> None:
    write_table(tmp_path, "left", [], [Choice("c", "C", []), Number("n", "N", [])], {}, lambda at: {})
    about = argument(tmp_path / "left/columns.js")[1]
    assert about["ids"] == about["chunks"] == about["shards"] == []
