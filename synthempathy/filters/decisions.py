"""Decisions of a person over single pairs: data/review/decisions.csv, columns id,content_hash,decision,reason,note.

keep and drop overrule the rules; skip decides nothing and keeps a note. `synthempathy review` writes the file, in the order
of ids; it may be edited by hand too.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TextIO, get_args

from synthempathy.core.errors import InputError
from synthempathy.core.files import csv_line, read_table, read_text, written_whole

What = Literal["keep", "drop", "skip"]

COLUMNS = ("id", "content_hash", "decision", "reason", "note")
DECISIONS: tuple[What, ...] = get_args(What)

_HASH = re.compile(r"[0-9a-f]{16}")

#: Which pair: id and content hash.
Key = tuple[str, str]


class Texts(Protocol):
    """What a decision is about."""

    @property
    def explanation(self) -> str: ...
    @property
    def response(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, for which reason the pair had been held, and a person's note."""

    what: What
    reason: str = ""
    note: str = ""

    @property
    def why(self) -> str:
        """Reason and note, as `data/rejected.jsonl` shows them."""
        return ": ".join(part for part in (self.reason, self.note) if part)


Decisions = dict[Key, Decision]


def content_hash(pair: Texts) -> str:
    """First 16 hex digits of the SHA-256 over explanation, line feed, response, as UTF-8.

    A decision names it, so that it never covers a pair that was generated anew under the same id.
    """
    return hashlib.sha256(f"{pair.explanation}\n{pair.response}".encode()).hexdigest()[:16]


def read_decisions(path: Path) -> Decisions:
    """All decisions. InputError names file, line and field of a wrong header, hash, decision, or a duplicate."""
    decisions: Decisions = {}
    first_line: dict[Key, int] = {}
    for line, row in read_table(read_text(path), str(path), COLUMNS)[1]:
        cells = row | {column: row[column].strip() for column in ("content_hash", "decision")}  # the others are anyone's texts
        key = (cells["id"], cells["content_hash"])
        if not cells["id"]:
            raise InputError("missing", file=path, line=line, field="id", hint="copy it from data/rejected.jsonl")
        if not _HASH.fullmatch(cells["content_hash"]):
            raise InputError(
                "not 16 hex digits", file=path, line=line, field="content_hash", value=cells["content_hash"],
                hint="copy it from data/rejected.jsonl",
            )
        what = next((known for known in DECISIONS if known == cells["decision"]), None)
        if what is None:
            raise InputError(
                "unknown decision", file=path, line=line, field="decision", value=cells["decision"],
                hint=f"use {', '.join(DECISIONS[:-1])} or {DECISIONS[-1]}",
            )
        if key in decisions:
            raise InputError(
                f"this pair is decided already on line {first_line[key]}", file=path, line=line, field="id",
                value=cells["id"], hint="keep one of the two lines",
            )
        decisions[key] = Decision(what, cells["reason"], cells["note"])
        first_line[key] = line
    return decisions


def record_decision(path: Path, key: Key, decision: Decision) -> None:
    """Write one decision into `path` (made if missing), in place of an earlier one of the same pair."""
    record_decisions(path, {key: decision})


def record_decisions(path: Path, new: Decisions) -> None:
    """Write decisions into `path` (made if missing), in place of earlier ones of the same pairs.

    The file is read anew before, so that nothing that was written meanwhile is lost, and replaced whole.
    """
    decisions = read_decisions(path) if path.exists() else {}
    lost = sorted({*read_table(read_text(path), str(path), COLUMNS)[0]} - {*COLUMNS}) if decisions else []
    if lost:
        raise InputError("a column of your own would be lost", file=path, line=1, field=lost[0], hint="take it out")
    decisions |= new
    with written_whole(path) as (part,), part.open("w", encoding="utf-8", newline="") as stream:
        write_decisions(stream, decisions)


def write_decisions(stream: TextIO, decisions: Decisions) -> None:
    """The lines of the file, in the order of ids: the same decisions, the same bytes."""
    stream.write(csv_line(COLUMNS))
    stream.writelines(csv_line((id, digest, one.what, one.reason, one.note)) for (id, digest), one in sorted(decisions.items()))
