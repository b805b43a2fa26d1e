"""What waits for a decision, and the decisions as they are made: the same for a terminal and for a page.

    data/review/decisions.csv           what the filter obeys
    data/review/decisions-NAME.csv      an annotator's own (`--annotator NAME`), in the same format

Each decision is written at once, the whole file beside the old one and then in its place.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from synthempathy.core.errors import InputError
from synthempathy.filters.decisions import Decision, Decisions, Key, What, read_decisions, record_decision
from synthempathy.filters.queue import Held, read_queue

NEXT = "Run `dvc repro filter` to carry the decisions out."
#: Of a note, in characters: a reader of CSV takes no cell of more than 131,072.
MOST_NOTE = 2_000

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True)
class Opinion:
    """What an annotator decided of a pair on which another decided otherwise."""

    annotator: str
    decision: Decision


def own_file(decisions: Path, annotator: str | None) -> Path:
    """Where an annotator's own decisions stand, beside `decisions`; that file itself without an annotator."""
    if annotator is None:
        return decisions
    if not _NAME.fullmatch(annotator):
        hint = "letters, digits, - and _, at most 40: it becomes part of a file's name"
        raise InputError("not a name", field="--annotator", value=annotator, hint=hint)
    return decisions.with_name(f"{decisions.stem}-{annotator}{decisions.suffix}")


def read_if_there(path: Path) -> Decisions:
    """Decisions; none where there is no file yet."""
    return read_decisions(path) if path.exists() else {}


def key_of(row: Held) -> Key:
    """What a decision on this row is filed under."""
    return row.id, row.content_hash


def is_decided(decision: Decision | None) -> bool:
    """Whether it keeps or drops; a note alone decides nothing."""
    return decision is not None and decision.what != "skip"


def noted(note: str) -> str:
    """A note as it is kept: on one line, without white space at its ends. InputError where it is too long."""
    one_line = " ".join(note.split())
    if len(one_line) > MOST_NOTE:
        raise InputError(f"more than {MOST_NOTE:,} characters", field="note", value=one_line)
    if any("\ud800" <= character <= "\udfff" for character in one_line):
        raise InputError("half a surrogate pair (an emoji cut in two)", field="note", value=one_line)
    return one_line


class Desk:
    """The rows that are shown, and their decisions.

    Attributes:
        path: the file that decisions go to.
        rows: all that are shown; those decided already are left out unless `again`.
        opinions: where two annotators differ on a row, what each decided.
        made: keeps and drops since the start.
    """

    def __init__(
        self, queue: Path, path: Path, *, again: bool = False, opinions: Mapping[Key, Sequence[Opinion]] | None = None,
    ) -> None:
        """InputError for a queue or decisions that cannot be read. With `opinions`, the rows are those that they are about."""
        self.path, self.opinions, self.made = path, opinions or {}, 0
        self._decided = read_if_there(path)
        self._one_at_a_time = threading.Lock()
        self.rows = [
            row for row in read_queue(queue)
            if (again or not is_decided(self.of(row))) and (opinions is None or key_of(row) in opinions)
        ]

    @property
    def decided(self) -> Mapping[Key, Decision]:
        """All decisions, of other rows too."""
        return self._decided

    @property
    def left(self) -> int:
        """Rows shown that nobody has decided."""
        return sum(not is_decided(self.of(row)) for row in self.rows)

    def of(self, row: Held) -> Decision | None:
        """What was decided or noted of a row."""
        return self._decided.get(key_of(row))

    def decide(self, row: Held, what: What) -> None:
        """Keep or drop a row; a note that it has stays with it."""
        earlier = self.of(row)
        self._record(row, Decision(what, row.reason, earlier.note if earlier else ""))
        self.made += 1

    def note(self, row: Held, note: str) -> None:
        """Put a note on a row, in place of the one that it has; what was decided stays."""
        earlier = self.of(row)
        self._record(row, Decision(earlier.what if earlier else "skip", row.reason, noted(note)))

    def summary(self) -> str:
        """What was done, what is left, and what to do then."""
        return f"review: {self.made} decided, {self.left} left. {NEXT if self.made else ''}".rstrip()

    def _record(self, row: Held, decision: Decision) -> None:
        with self._one_at_a_time:  # a page's requests come on several threads
            record_decision(self.path, key_of(row), decision)
            self._decided[key_of(row)] = decision
