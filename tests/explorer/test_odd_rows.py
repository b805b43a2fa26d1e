"""Rows that every stage before lets pass: whatever the fields hold that nobody checks, the tables are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from synthempathy.core.records import Pair, read_records
from synthempathy.explorer.left import Evidence, Left, write_left
from synthempathy.explorer.pairs import Answer, write_compared, write_corpus
from synthempathy.explorer.showing import Labels
from tests.helpers.pairs import pair_of

LABELS = Labels({"seed": "Seed", "story": "Story", "explanation": "Explanation", "response": "Response"}, {}, {})
ODD: list[Any] = [
    None, True, 5, -1, 10**20, -(10**20), 2**63, 10**400, 1e308, -1e308, 5e-324, 2.5, "", "nan", "x" * 3, [], [1], [[1]], [[0, 2]],
    ["a", [0, "b"]], [[True, 1]], [[0, 10**400]], [{"characters": 5}], [{"characters": [0, 10**400]}], [{"spans": 5}],
    [{"field": 5, "spans": [[0, 3]]}], [{"field": "response", "spans": {"a": 1}}], {}, {"characters": [0, 3]}, {"spans": 5},
]
FIELDS = ("severity", "trims", "characters", "evidence", "spans", "response_model", "explanation_model", "empathy", "more", "span")


@pytest.mark.parametrize("field", FIELDS)
def test_no_field_of_a_row_ends_the_tables(tmp_path: Path, field: str) -> None:
    rows = [
        pair_of(id=f"r{at}").model_dump() | {
            field: value, "reason": "x", "detail": "y", "system": "base", "pair_id": f"r{at}",
        } for at, value in enumerate(ODD)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    write_corpus(tmp_path, {"train": read_records(path, Pair)}, None, LABELS)
    write_left(tmp_path, {"filter": read_records(path, Left)}, [], [], LABELS)
    write_compared(tmp_path, read_records(path, Answer), None, LABELS)
    held = [{"id": f"r{at}", "evidence": [{"field": "response", "spans": value}]} for at, value in enumerate(ODD)]
    path.write_text("".join(json.dumps(row) + "\n" for row in held))
    path.with_name("left.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    place = tmp_path / "held"
    write_left(place, {"filter": read_records(path.with_name("left.jsonl"), Left)}, read_records(path, Evidence), [], LABELS)


def test_a_category_that_reads_as_no_number_is_drawn(tmp_path: Path) -> None:
    from synthempathy.explorer.figures import _rows

    (tmp_path / "t.csv").write_text("category,pairs\nnan,1\ninf,2\n'=x,3\n1e999,4\n")
    found = _rows(tmp_path / "t.csv")
    assert [row["category"] for row in found] == ["nan", "inf", "=x", "1e999"]
    json.dumps(found, allow_nan=False)
