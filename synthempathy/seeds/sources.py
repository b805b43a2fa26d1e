"""Seed sentences as people hand them over: a CSV in the domain's columns, or the zip that SAD comes in.

SAD is Mauriello et al., CHI EA 2021: one `SAD_v1.xlsx` inside `SAD_v1.zip`. Both forms are read into
the same `Sentence`, whole and checked; which sentences become seeds is decided in `seeds`.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from synthempathy.core.errors import InputError
from synthempathy.core.files import read_csv
from synthempathy.domain.description import SeedColumns

#: Members of a zip that unpack to more than this are refused, before they are unpacked. SAD's xlsx
#: is 0.9 MB, its largest sheet 4.9 MB.
MAX_MEMBER_BYTES = 200_000_000

#: Rows of a sheet that are read; SAD has 6,850.
MOST_ROWS = 200_000

#: What zipfile, zlib and openpyxl raise on damaged, encrypted or made-up files.
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, ParseError, EOFError, OSError,
    KeyError, ValueError, TypeError, IndexError, AttributeError, NotImplementedError, RuntimeError,
)


@dataclass(frozen=True)
class Sentence:
    """A row of the source. `severity` is 0 to 10, or None where the cell is empty."""

    number: int
    id: str
    text: str
    is_wanted: bool
    category: str
    severity: float | None
    source: str


def read_sentences(path: Path, columns: SeedColumns) -> list[Sentence]:
    """All sentences of a `.csv` or a `.zip`, by rising number, white space folded, otherwise untouched.

    Ids are `authored-0001` from a CSV's number 1 and `sad-00001` from a zip's. InputError names file, line (or sheet row),
    field and value of what cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix == ".zip":
        file, rows = _rows_of_zip(path, needed(columns))
        sentences = _sentences(rows, file, "sad-{:05d}", columns)
    elif suffix == ".csv":
        sentences = _sentences(read_csv(path, needed(columns)), str(path), "authored-{:04d}", columns)
    else:
        raise InputError("neither .csv nor .zip", file=path, hint=f"give a CSV with {', '.join(needed(columns))}, or SAD_v1.zip")
    return sorted(sentences, key=lambda s: s.number)


def needed(columns: SeedColumns) -> tuple[str, ...]:
    """The columns that a source must have; others may stand beside them."""
    return tuple(name for name in columns.model_dump().values() if name)


def _sentences(
    rows: Iterable[tuple[int, dict[str, str]]], file: str, id_form: str, columns: SeedColumns,
) -> Iterator[Sentence]:
    first_line: dict[int, int] = {}
    for line, cells in rows:
        number = _whole_number(cells[columns.id], file, line, columns.id)
        if number in first_line:
            raise InputError(
                f"duplicate id, first on line {first_line[number]}", file=file, line=line, field=columns.id,
                value=cells[columns.id], hint="give each sentence its own number",
            )
        first_line[number] = line
        yield Sentence(
            number=number,
            id=id_form.format(number),
            text=_folded(cells[columns.sentence]),
            is_wanted=columns.wanted is None or _yes_or_no(cells[columns.wanted], file, line, columns.wanted),
            category=_folded(cells[columns.category]),
            severity=_severity(cells[columns.severity], file, line, columns.severity),
            source=_folded(cells[columns.source]) if columns.source else Path(file).stem,
        )


def _folded(text: str) -> str:
    return " ".join(text.split())


def _number(text: str) -> float:
    """The number, or NaN, which fails every comparison. `_` is no digit separator here."""
    try:
        return float(text) if "_" not in text else math.nan
    except ValueError:
        return math.nan


def _whole_number(text: str, file: str, line: int, field: str) -> int:
    value = _number(text)
    if not (0 <= value < 1e9 and value == int(value)):
        raise InputError("not a whole number of 0 or more", file=file, line=line, field=field, value=text)
    return int(value)


def _yes_or_no(text: str, file: str, line: int, field: str) -> bool:
    value = _number(text)
    if value not in (0, 1):
        raise InputError("neither 0 nor 1", file=file, line=line, field=field, value=text)
    return value == 1


def _severity(text: str, file: str, line: int, field: str) -> float | None:
    if not text.strip():
        return None
    value = _number(text)
    if not 0 <= value <= 10:
        raise InputError("not a number from 0 to 10", file=file, line=line, field=field, value=text)
    return value


def _rows_of_zip(path: Path, columns: Sequence[str]) -> tuple[str, list[tuple[int, dict[str, str]]]]:
    """The name to show in errors, and the rows of the one xlsx inside, numbered as in the sheet."""
    if not path.is_file():
        raise InputError("no such file", file=path, hint="check the path, or fetch SAD with `dvc repro` of its .dvc")
    try:
        with zipfile.ZipFile(path) as archive:
            member = _only_xlsx(archive, path)
            _refuse_bombs(archive, path)
            content = archive.read(member)
    except _DAMAGE as error:
        raise InputError(f"cannot be unzipped: {error}", file=path, hint="fetch the file again") from None
    file = f"{path}/{member}"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as inner:
            _refuse_bombs(inner, file)
        return file, list(_rows_of_sheet(content, file, columns))
    except _DAMAGE as error:
        raise InputError(f"cannot be read as xlsx: {error}", file=file, hint="fetch the file again") from None


def _only_xlsx(archive: zipfile.ZipFile, path: Path) -> str:
    """The name of the one xlsx; what a Mac or an open Excel leaves in a zip does not count."""
    names = [
        name for name in archive.namelist()
        if name.lower().endswith(".xlsx") and not Path(name).name.startswith(("~$", "._"))
    ]
    if len(names) != 1:
        raise InputError(f"holds {len(names)} .xlsx files, not one", file=path, hint="give SAD_v1.zip as published")
    return names[0]


def _refuse_bombs(archive: zipfile.ZipFile, file: str | Path) -> None:
    """zipfile never unpacks more of a member than the size that it declares, so the declared size is enough."""
    if any(info.file_size > MAX_MEMBER_BYTES for info in archive.infolist()):
        raise InputError(
            f"a member unpacks to more than {MAX_MEMBER_BYTES // 1_000_000} MB", file=file,
            hint="give SAD_v1.zip as published",
        )


def _rows_of_sheet(content: bytes, file: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    from openpyxl import load_workbook

    workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    sheet = workbook.worksheets[0]
    sheet.reset_dimensions()  # some writers state a wrong size, and rows beyond it would be lost
    rows = sheet.iter_rows(values_only=True)
    header = [_shown(cell) for cell in next(rows, ())]
    missing = [c for c in columns if c not in header]
    if missing:
        raise InputError(
            f"the header lacks {', '.join(missing)}", file=file, line=1, value=",".join(header),
            hint=f"expected at least {','.join(columns)}",
        )
    at = {column: header.index(column) for column in columns}
    for line, cells in enumerate(rows, start=2):
        if line > MOST_ROWS:
            raise InputError(f"more than {MOST_ROWS:,} rows", file=file, line=line, hint="give SAD_v1.zip as published")
        if any(cell is not None for cell in cells):
            yield line, {c: _shown(cells[i]) if i < len(cells) else "" for c, i in at.items()}


def _shown(cell: Any) -> str:
    """A cell as a CSV would hold it; xlsx writes a control character, as a carriage return from Windows, as _x000D_."""
    from openpyxl.utils.escape import unescape

    if isinstance(cell, bool):
        return str(int(cell))
    return "" if cell is None else str(unescape(cell)) if isinstance(cell, str) else str(cell)
