"""Parquet beside the JSON lines: the same rows, the same bytes each time, in groups."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from synthempathy.release import parquet
from synthempathy.release.parquet import write_parquet

ROWS = [{"id": f"p{n}", "text": "ü \U0001f642\n" * n} for n in range(5)]


def test_rows_come_back_from_groups_as_text_without_nulls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "GROUP_ROWS", 2)
    write_parquet(tmp_path / "a.parquet", ["id", "text"], iter(ROWS))
    file = pq.ParquetFile(tmp_path / "a.parquet")
    assert file.read().to_pylist() == ROWS
    assert file.num_row_groups == 3
    assert [(str(field.type), field.nullable) for field in file.schema_arrow] == [("string", False)] * 2


def test_same_rows_same_bytes_and_no_rows_are_a_file_too(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_parquet(tmp_path / f"{name}.parquet", ["id", "text"], ROWS)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    write_parquet(tmp_path / "none.parquet", ["id"], [])
    assert pq.read_table(tmp_path / "none.parquet").num_rows == 0
