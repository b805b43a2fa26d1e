"""Reading stress sentences: CSV and SAD's zip, and what is said of files that are neither."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from synthempathy.core.errors import InputError
from synthempathy.seeds import sources
from synthempathy.seeds.sources import needed, read_sentences
from tests.helpers.empathy import CATEGORIES
from tests.helpers.empathy import COLUMNS as SEED_COLUMNS

ROOT = Path(__file__).parents[2]
SAD = Path(os.environ.get("SAD_ZIP", ROOT.parent / "shared" / "data" / "sad" / "SAD_v1.zip"))
needs_sad = pytest.mark.skipif(not SAD.is_file(), reason=f"SAD is not here: no {SAD}; set SAD_ZIP")

COLUMNS = needed(SEED_COLUMNS)
GOOD: list[Any] = [7, "my  boss shouts", 1, "Work", 4.2, "Inquire"]


def xlsx(rows: list[list[Any]]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for cells in rows:
        sheet.append(cells)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def error_of(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_sentences(path, SEED_COLUMNS)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_csv_and_zip_of_the_same_rows_read_alike(tmp_path: Path) -> None:
    rows = [[9, "b", 0, "Work", None, "x"], GOOD]
    from_zip = read_sentences(zipped(tmp_path / "a.zip", {"SAD.xlsx": xlsx([[*COLUMNS], *rows])}), SEED_COLUMNS)
    text = "\n".join(",".join("" if c is None else str(c) for c in cells) for cells in [[*COLUMNS], *rows])
    (tmp_path / "a.csv").write_text(text)
    from_csv = read_sentences(tmp_path / "a.csv", SEED_COLUMNS)
    assert [(s.number, s.text, s.severity, s.is_wanted) for s in from_csv] == [
        (7, "my boss shouts", 4.2, True), (9, "b", None, False),
    ]
    assert [s.id for s in from_zip] == ["sad-00007", "sad-00009"]
    assert [s.id for s in from_csv] == ["authored-0007", "authored-0009"]
    assert [vars(s) | {"id": ""} for s in from_zip] == [vars(s) | {"id": ""} for s in from_csv]


def test_control_characters_as_xlsx_writes_them_are_white_space(tmp_path: Path) -> None:
    cell = "My boss moved the deadline._x000D_\nNo one_x0009_told me: _x005F_x000D_."
    rows = [[*COLUMNS], [1, cell, *GOOD[2:5], "a_x000D_\nb"]]
    [found] = read_sentences(zipped(tmp_path / "a.zip", {"a.xlsx": xlsx(rows)}), SEED_COLUMNS)
    assert (found.text, found.source) == ("My boss moved the deadline. No one told me: _x000D_.", "a b")


def test_columns_are_found_by_name_and_empty_rows_passed_over(tmp_path: Path) -> None:
    order = [*reversed(COLUMNS), "extra"]
    rows = [order, [*reversed(GOOD), "!"], [], [*reversed([8, *GOOD[1:]])]]
    path = zipped(tmp_path / "a.zip", {"a.xlsx": xlsx(rows), "__MACOSX/._a.xlsx": b"", "b.txt": b""})
    found = read_sentences(path, SEED_COLUMNS)
    assert [s.number for s in found] == [7, 8]


@pytest.mark.parametrize("claimed", [b"A1", b"A1:XFD1048576"])
def test_the_size_that_a_sheet_claims_is_not_believed(tmp_path: Path, claimed: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(xlsx([[*COLUMNS], GOOD]))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"]
    assert b'ref="A1:F2"' in sheet
    members["xl/worksheets/sheet1.xml"] = sheet.replace(b'ref="A1:F2"', b'ref="' + claimed + b'"')
    inner = zipped(tmp_path / "inner.xlsx", members).read_bytes()
    assert [s.number for s in read_sentences(zipped(tmp_path / "a.zip", {"a.xlsx": inner}), SEED_COLUMNS)] == [7]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("avg_severity", "high", "not a number from 0 to 10 (got 'high')"),
        ("avg_severity", "11", "not a number from 0 to 10 (got '11')"),
        ("avg_severity", "nan", "not a number from 0 to 10 (got 'nan')"),
        ("avg_severity", "-1", "not a number from 0 to 10 (got '-1')"),
        ("is_stressor", "yes", "neither 0 nor 1 (got 'yes')"),
        ("is_stressor", "", "neither 0 nor 1 (got '')"),
        ("sID", "1.5", "not a whole number of 0 or more (got '1.5')"),
        ("sID", "-4", "not a whole number of 0 or more (got '-4')"),
        ("sID", "inf", "not a whole number of 0 or more (got 'inf')"),
        ("sID", "1_0", "not a whole number of 0 or more (got '1_0')"),
    ],
)
def test_bad_cell_is_named_with_its_line(tmp_path: Path, column: str, value: str, said: str) -> None:
    cells = [value if c == column else str(g) for c, g in zip(COLUMNS, GOOD, strict=True)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join([",".join(COLUMNS), "1,x,1,Work,1,s", "", ",".join(cells)]) + "\n")
    assert error_of(path) == f"{path}:4: field '{column}': {said}"


def test_bad_cell_of_a_sheet_is_named_with_its_row(tmp_path: Path) -> None:
    bad = [8, "x", 1, "Work", "high", "s"]
    path = zipped(tmp_path / "a.zip", {"in/SAD.xlsx": xlsx([[*COLUMNS], GOOD, [], bad])})
    assert error_of(path) == f"{path}/in/SAD.xlsx:4: field 'avg_severity': not a number from 0 to 10 (got 'high')"


def test_duplicate_number_names_both_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{','.join(COLUMNS)}\n1,a,1,Work,1,s\n01,b,1,Work,1,s\n")
    assert error_of(path).startswith(f"{path}:3: field 'sID': duplicate id, first on line 2 (got '01')")


def test_wrong_header_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,text\n1,a\n")
    assert f"the header lacks {', '.join(COLUMNS)} (got 'id,text')" in error_of(path)
    for rows in ([["sID", "sentence", None], [1, "a"]], []):
        path = zipped(tmp_path / "a.zip", {"a.xlsx": xlsx(rows)})
        assert f"{path}/a.xlsx:1: the header lacks" in error_of(path)


def test_files_of_another_kind(tmp_path: Path) -> None:
    assert "no such file" in error_of(tmp_path / "absent.zip")
    assert "no such file" in error_of(tmp_path / "absent.csv")
    assert "neither .csv nor .zip" in error_of(tmp_path / "a.parquet")
    no_zip = tmp_path / "no.zip"
    no_zip.write_text("hello")
    assert "cannot be unzipped: File is not a zip file" in error_of(no_zip)
    assert "holds 0 .xlsx files" in error_of(zipped(tmp_path / "empty.zip", {"Schema.txt": b"x"}))
    assert "holds 2 .xlsx files" in error_of(zipped(tmp_path / "two.zip", {"a.xlsx": b"", "b.xlsx": b""}))
    assert "cannot be read as xlsx" in error_of(zipped(tmp_path / "text.zip", {"a.xlsx": b"hello"}))
    assert "cannot be read as xlsx" in error_of(
        zipped(tmp_path / "other.zip", {"a.xlsx": zipped(tmp_path / "x", {"a.txt": b""}).read_bytes()})
    )


def test_damaged_zips_never_show_a_traceback(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "a.zip", {"a.xlsx": xlsx([[*COLUMNS], GOOD])}).read_bytes()
    damaged = tmp_path / "damaged.zip"
    for at in range(0, len(whole), 97):
        damaged.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            read_sentences(damaged, SEED_COLUMNS)
        except InputError as error:
            assert str(damaged) in str(error)
        damaged.write_bytes(whole[:at])
        with pytest.raises(InputError):
            read_sentences(damaged, SEED_COLUMNS)


def test_a_bomb_is_refused_outside_and_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_MEMBER_BYTES", 2_000_000)
    zeros = bytes(2_000_001)
    assert "unpacks to more than 2 MB" in error_of(zipped(tmp_path / "a.zip", {"a.xlsx": b"", "b": zeros}))
    inner = zipped(tmp_path / "inner.xlsx", {"xl/worksheets/sheet1.xml": zeros}).read_bytes()
    path = zipped(tmp_path / "b.zip", {"a.xlsx": inner})
    assert error_of(path).startswith(f"{path}/a.xlsx: a member unpacks to more than 2 MB")


@needs_sad
def test_sad_as_published_holds_what_its_paper_says() -> None:
    sentences = read_sentences(SAD, SEED_COLUMNS)
    assert len(sentences) == 6850
    assert Counter(s.is_wanted for s in sentences) == {True: 6476, False: 374}
    counts = Counter(s.category for s in sentences)
    assert [counts[c] for c in CATEGORIES] == [1341, 743, 635, 742, 629, 667, 782, 337, 974]
    assert (sentences[0].id, sentences[0].text, sentences[0].severity) == ("sad-00000", "?", 0.0)


@needs_sad
def test_sad_becomes_seeds(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "stages.seeds", SAD, tmp_path / "s.jsonl", tmp_path / "s.json"]
    done = subprocess.run([*map(str, command)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "s.json").read_text())
    assert metrics["rows_in"] == 6850
    assert metrics["dropped"]["not_wanted"] == 374
    assert metrics["dropped"]["empty_or_unusable"] == 76
    assert metrics["dropped"]["duplicate_sentence"] == 2
    assert len((tmp_path / "s.jsonl").read_text().splitlines()) == metrics["rows_out"]
