"""Decisions of a person over single pairs: data/review/decisions.csv, columns id,content_hash,decision,reason,note."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from stages.common.errors import InputError
from stages.common.files import read_csv
from stages.common.records import Pair

COLUMNS = ("id", "content_hash", "decision", "reason", "note")
DECISIONS = ("keep", "drop")

_HASH = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Decision:
    """Keep or drop, and why."""

    keep: bool
    why: str


#: By id and content hash.
Decisions = dict[tuple[str, str], Decision]


def content_hash(pair: Pair) -> str:
    """First 16 hex digits of the SHA-256 over explanation, line feed, response, as UTF-8.

    A decision names it, so that it never covers a pair that was generated anew under the same id.
    """
    return hashlib.sha256(f"{pair.explanation}\n{pair.response}".encode()).hexdigest()[:16]


def read_decisions(path: Path) -> Decisions:
    """All decisions. InputError names file, line and field of a wrong header, hash, decision, or a duplicate."""
    decisions: Decisions = {}
    first_line: dict[tuple[str, str], int] = {}
    for line, row in read_csv(path, COLUMNS):
        cells = {column: row[column].strip() for column in COLUMNS}
        key = (cells["id"], cells["content_hash"])
        if not cells["id"]:
            raise InputError("missing", file=path, line=line, field="id", way_out="copy it from data/rejected.jsonl")
        if not _HASH.fullmatch(cells["content_hash"]):
            raise InputError(
                "not 16 hex digits", file=path, line=line, field="content_hash", value=cells["content_hash"],
                way_out="copy it from data/rejected.jsonl",
            )
        if cells["decision"] not in DECISIONS:
            raise InputError(
                "unknown decision", file=path, line=line, field="decision", value=cells["decision"],
                way_out=f"use {' or '.join(DECISIONS)}",
            )
        if key in decisions:
            raise InputError(
                f"this pair is decided already on line {first_line[key]}", file=path, line=line, field="id",
                value=cells["id"], way_out="keep one of the two lines",
            )
        why = ": ".join(part for part in (cells["reason"], cells["note"]) if part)
        decisions[key] = Decision(cells["decision"] == "keep", why)
        first_line[key] = line
    return decisions
