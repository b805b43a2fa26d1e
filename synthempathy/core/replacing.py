"""Putting several new files and folders in the place of the old ones as if at one moment, whenever the process dies.

New things are written beside the old ones (`.NAME.PID.part`) and brought to the disk. Then a journal says which of them go
where: from that moment the new ones count, and whoever starts next carries the journal to its end if its writer did not.
Up to that moment the old ones count, and what was left beside them is swept.

    .synthempathy/journals/PID-NUMBER.json    in the folder where the process runs: the project

A folder is exchanged with its new one in one step where the system can (Linux), so that it is never gone.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import TypedDict

from filelock import FileLock, Timeout

from synthempathy.core.progress import say

JOURNALS = Path(".synthempathy/journals")
_numbers = count()
_AT_CWD, _EXCHANGE = -100, 2  # renameat2(2)


class _Move(TypedDict):
    """One new thing: where it stands, where it goes, its inode, by which it is known from the old one, and the old one."""

    part: str
    target: str
    inode: int
    old: list[int] | None


def part_of(target: Path) -> Path:
    """Where this process writes what is to become `target`. Its number keeps two processes apart."""
    return target.with_name(f".{target.name}.{os.getpid()}.part")


def sweep(target: Path) -> None:
    """Remove the parts of `target` that processes left that are no more."""
    name = _literal(target.name)
    for part in [*target.parent.glob(f".{name}.*.part"), *target.parent.glob(f"..{name}.*.part")]:  # a part's own part
        number = part.name.removesuffix(".part").rsplit(".", 1)[-1]
        if number.isdigit() and not _alive(int(number)):
            remove(part)


def replace_all(parts: Sequence[Path], targets: Sequence[Path]) -> None:
    """Put each part in its target's place: all of them, or, where the journal cannot be written, none."""
    for part in parts:
        _to_disk(part)
    moves = [
        _Move(part=str(part.absolute()), target=str(target.absolute()), inode=part.stat().st_ino, old=_identity(target))
        for part, target in zip(parts, targets, strict=True)
    ]
    if len(moves) == 1 and not targets[0].is_dir():
        _carry_out(moves)  # one rename is one moment
        return
    JOURNALS.mkdir(parents=True, exist_ok=True)
    journal = JOURNALS.absolute() / f"{os.getpid()}-{next(_numbers)}.json"
    with FileLock(f"{journal}.lock"):
        written = journal.with_suffix(".part")
        written.write_text(json.dumps(moves), encoding="utf-8")
        _to_disk(written)
        os.replace(written, journal)
        _folder_to_disk(journal.parent)
        try:
            _carry_out(moves)
        except BaseException:  # Ctrl-C between two renames: the new ones count already
            _carry_out(moves)
            raise
        finally:
            if not any(_is_waiting(move) for move in moves):
                journal.unlink(missing_ok=True)
    Path(f"{journal}.lock").unlink(missing_ok=True)


def finish_interrupted() -> None:
    """Carry to their end the journals that dead processes left in this folder."""
    for journal in sorted(JOURNALS.glob("*.json")):
        lock = FileLock(f"{journal}.lock", timeout=0)
        try:
            with lock:
                if journal.exists():
                    if moves := _read(journal):
                        _carry_out(moves)
                        journal.unlink()
                    else:
                        _put_aside(journal)
        except Timeout:  # its writer lives
            continue
        Path(f"{journal}.lock").unlink(missing_ok=True)
    for left in JOURNALS.glob("*.*"):  # journals that were never begun, and their locks
        number = left.name.partition("-")[0]
        if left.suffix in (".part", ".lock") and number.isdigit() and not _alive(int(number)):
            left.unlink(missing_ok=True)


def _read(journal: Path) -> list[_Move] | None:
    """The moves of a journal that `replace_all` wrote; None where it is none: what it names is then touched by nobody."""
    try:
        found = json.loads(journal.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, IsADirectoryError):
        return None
    return found if isinstance(found, list) and found and all(map(_is_move, found)) else None


def _is_move(found: object) -> bool:
    if not isinstance(found, dict) or set(found) != set(_Move.__annotations__):
        return False
    part, target, old = found["part"], found["target"], found["old"]
    if not (isinstance(part, str) and isinstance(target, str)) or re.search(r"[\0\ud800-\udc7f]", part + target):
        return False  # no name of a file
    stem, _, number = Path(part).name.removesuffix(".part").rpartition(".")  # what is carried out, and removed, is a part of ours
    return (
        part.endswith(".part") and number.isdigit() and stem == f".{Path(target).name}"
        and Path(part).parent == Path(target).parent and Path(part).is_absolute()
        and type(found["inode"]) is int
        and (old is None or (isinstance(old, list) and [type(one) for one in old] == [int, int]))
    )


def _put_aside(journal: Path) -> None:
    """Out of the way of every command to come, and kept: it may be all that tells where something was to go."""
    names = (journal.with_name(f"{journal.name}.broken{number or ''}") for number in count())
    aside = next(name for name in names if not os.path.lexists(name))
    os.replace(journal, aside)
    say(f"{journal}: no journal of ours, or a damaged one: nothing was moved by it; now {aside.name}, remove it when you like")


def remove(path: Path) -> None:
    """Remove a file, a link or a folder; nothing where there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _carry_out(moves: Sequence[_Move]) -> None:
    """Whatever of it was done before; what is missing on both sides was removed by someone since."""
    for move in moves:
        if _is_waiting(move) and not _is_anothers(move):
            _replace(Path(move["part"]), Path(move["target"]))
    for folder in sorted({Path(move["target"]).parent for move in moves}):
        if folder.is_dir():  # someone may have removed it since
            _folder_to_disk(folder)
    for move in moves:
        for old in (Path(move["part"]), _aside(Path(move["part"]))):  # the old folder, exchanged or put aside
            remove(old)


def _is_waiting(move: _Move) -> bool:
    part = Path(move["part"])
    return part.exists() and part.stat().st_ino == move["inode"]


def _is_anothers(move: _Move) -> bool:
    """Whether someone has put something else into the target's place since: DVC from its cache, git, a person. It stays."""
    now = _identity(Path(move["target"]))
    return now is not None and now != move["old"]


def _identity(path: Path) -> list[int] | None:
    """What tells this file or folder from one that was put in its place: the inode may be given out again, the time is not."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return [found.st_ino, found.st_mtime_ns]


def _replace(part: Path, target: Path) -> None:
    if target.is_dir() and not target.is_symlink():
        if _exchanged(part, target):
            return
        remove(_aside(part))
        os.replace(target, _aside(part))  # where there is no exchange it is gone for a moment, which the journal mends
    os.replace(part, target)


def _aside(part: Path) -> Path:
    return part.with_name(f"{part.name}.old")


def _exchanged(one: Path, other: Path) -> bool:
    """Whether the two have changed places, in one step. Not every system can."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    return rename is not None and rename(_AT_CWD, os.fsencode(one), _AT_CWD, os.fsencode(other), _EXCHANGE) == 0


def _to_disk(path: Path) -> None:
    """What a file, or all files of a folder, hold: a power cut after the rename must not find them empty."""
    if path.is_symlink():
        return
    if path.is_dir():
        for one in path.iterdir():
            _to_disk(one)
        _folder_to_disk(path)
        return
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _folder_to_disk(folder: Path) -> None:
    if os.name == "posix":
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError, OSError):
        return True
    return True


def _literal(name: str) -> str:
    """`name` for a glob, in which it stands for itself."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)
