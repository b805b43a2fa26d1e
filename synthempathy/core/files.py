"""Reading and writing files: nothing is overwritten before the new result is whole."""

from __future__ import annotations

import csv
import errno
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from synthempathy.core.errors import InputError
from synthempathy.core.harmless import cell, uncell
from synthempathy.core.replacing import finish_interrupted, part_of, remove, replace_all, sweep

#: Of a file that is read whole: a CSV, a template, metrics. JSON lines are read a line at a time.
MOST_BYTES = 500_000_000
#: A cell with one of these is quoted: what ends a cell or a line for some program, whether the CSV is of commas or not.
_QUOTED = re.compile(r'[",;\t\r\n]')

csv.field_size_limit(MOST_BYTES)  # a row's text may be any length, and a table with it is read again


@contextmanager
def written_whole(*targets: Path) -> Iterator[tuple[Path, ...]]:
    """Give a path beside each target to write to; put all in the targets' place at the end, as one (core/replacing.py).

    If the block raises, every target (file or folder) stays as it was and the parts are removed; a full disk is an
    InputError that names them. Parents are made. The parts carry the process id, so two runs do not meet.
    """
    finish_interrupted()
    parts = tuple(map(part_of, targets))
    for part, target in zip(parts, targets, strict=True):
        part.parent.mkdir(parents=True, exist_ok=True)
        sweep(target)
        remove(part)
    try:
        yield parts
        missing = [str(t) for p, t in zip(parts, targets, strict=True) if not p.exists()]
        if missing:
            raise RuntimeError(f"not written: {', '.join(missing)}")
        for part, target in zip(parts, targets, strict=True):
            if target.is_dir() and not part.is_dir():
                raise InputError("is a folder, not a file", file=target, hint="check the order of the paths")
        replace_all(parts, targets)
    except Exception as error:
        if _is_full(error):  # libraries say it each in its own way, and few name the file
            names = ", ".join(map(str, targets))
            raise InputError("the disk is full", file=names, hint="free some room: what was there is unchanged") from None
        raise
    finally:
        for part in parts:
            remove(part)


def _is_full(error: Exception) -> bool:
    number = error.errno if isinstance(error, OSError) else None
    text = str(error).lower()
    return number in (errno.ENOSPC, errno.EDQUOT) or any(sign in text for sign in ("no space left", "os error 28", "code: 28"))


#: File systems that several machines may have mounted, by their names in /proc/mounts.
_SHARED = frozenset((
    "nfs", "nfs3", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "lustre", "gpfs", "beegfs", "ceph", "cephfs", "afs", "9p",
    "glusterfs", "fuse.glusterfs", "fuse.sshfs", "fuse.ceph", "fuse.s3fs", "orangefs", "pvfs2", "panfs", "wekafs", "virtiofs",
))


def network_file_system(path: Path, mounts: Path = Path("/proc/mounts")) -> str | None:
    """The name of the file system on which `path` stands, where that is one of a network; None elsewhere, or if not known."""
    if not mounts.is_file():
        return None
    here, found = path.resolve(), ("", "")
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        place = fields[1].replace("\\040", " ")
        if here.is_relative_to(place) and len(place) >= len(found[0]):  # the deepest, and of these the last, is on top
            found = place, fields[2]
    return found[1] if found[1] in _SHARED else None


def is_file(path: Path) -> bool:
    """Whether the file is there. A name too long for any file is none; pathlib raises OSError for it."""
    try:
        return path.is_file()
    except OSError:
        return False


def read_text(path: Path) -> str:
    """The file's text as UTF-8. InputError names the line of the first bad byte."""
    if not is_file(path):
        raise InputError("no such file", file=path, hint="check the path on the command line")
    if (size := path.stat().st_size) > MOST_BYTES:
        raise InputError(f"{size:,} bytes, more than the {MOST_BYTES:,} that are read", file=path)
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        bad = data[error.start : error.start + 1]
        raise InputError(
            "not UTF-8", file=path, line=line, value=bad, hint="save the file as UTF-8"
        ) from None


def read_csv(path: Path, columns: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    """Rows of a CSV with their line numbers. `columns` must all stand in the header."""
    return read_rows(read_text(path), str(path), columns)[1]


def read_table(text: str, file: str, columns: tuple[str, ...] = ()) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Header and rows, with their line numbers, of a CSV that `csv_line` wrote: what was written."""
    header, rows = read_rows(text, file, columns)
    return header, [(line, {name: uncell(one) for name, one in row.items()}) for line, row in rows]


def read_rows(
    text: str, file: str, columns: tuple[str, ...] = (),
) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Header and rows, with their line numbers, of a CSV as it stands. InputError names `file` and line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        header = next(reader, None)
        if header is None:
            raise InputError("the file is empty", file=file, hint=f"expected the header {','.join(columns) or 'of a table'}")
        missing = [c for c in columns if c not in header]
        if missing:
            raise InputError(
                f"the header lacks {', '.join(missing)}", file=file, line=1, value=",".join(header),
                hint=f"expected at least {','.join(columns)}",
            )
        line = reader.line_num + 1
        for cells in reader:
            if cells:
                if len(cells) != len(header):
                    raise InputError(
                        f"{len(cells)} cells under a header of {len(header)}", file=file, line=line,
                        hint="quote cells that hold commas",
                    )
                rows.append((line, dict(zip(header, cells, strict=True))))
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"not CSV: {error}", file=file, line=reader.line_num) from None
    return header, rows


def write_json(path: Path, value: object) -> None:
    """Write small JSON (metrics) with stable bytes: key order as given, floats rounded to 6."""
    with written_whole(path) as (part,):
        part.write_text(json.dumps(_rounded(value), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def dump_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], *, decimals: int | None = 6) -> None:
    """A CSV straight to `path`, for use inside `written_whole`: floats with `decimals` places, or as they are; None empty."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(csv_line(header))
        stream.writelines(csv_line(row, decimals=decimals) for row in rows)


def csv_line(cells: Iterable[object], *, decimals: int | None = None) -> str:
    """A line of a CSV of ours: no text in it starts a formula, and none ends its cell or its line; None is empty.

    Written here and not by the library, which leaves a carriage return unquoted where lines end with a line feed.
    """
    return (",".join(_quoted(one, decimals) for one in cells) or '""') + "\n"


def _quoted(value: object, decimals: int | None) -> str:
    if isinstance(value, float) and decimals is not None:
        return f"{value:.{decimals}f}"
    text = "" if value is None else str(cell(value))
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(v) for v in value]
    return value
