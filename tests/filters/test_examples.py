"""Labelled examples: a row that is wrong is named by file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from synthempathy.filters.classifier.model import LABELS
from synthempathy.filters.examples import read_examples


@pytest.mark.parametrize(("row", "message"), [
    (",response,,,", r"e\.csv:3: field 'text'"), ("He left.,story,,,", r"e\.csv:3: field 'field'.*'story'"),
    ("He left.,response,rude,,", r"e\.csv:3: field 'reason'.*'rude'"),
    ("He left.,response,,rude,", r"e\.csv:3: field 'also'.*'rude'"), ("I ran.,response,,,", "the same text as on line 2"),
])
def test_a_wrong_example_is_named(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "e.csv"
    path.write_text(f"text,field,reason,also,note\nI ran.,explanation,,,\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_examples(path, LABELS)
