"""The records that flow through the pipeline, as JSON lines.

A stage keeps what it received and adds its own fields; unknown fields pass through untouched.

    Seed         id, sentence, category, severity, source
    Story        id, seed_id, category, severity, seed, story, model
    Explanation  ... and explanation, explanation_model
    Pair         ... and response, reasoning, response_model
    Dropped      any record and reason, detail
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from codecs import BOM_UTF8
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json

from synthempathy.core.errors import InputError
from synthempathy.core.files import written_whole

#: Of a row: far above what any text of this pipeline takes, far below what a machine's memory holds.
MOST_LINE_BYTES = 16_000_000
#: Of values in values: pydantic reads so many at once, and writes a few more.
MOST_DEPTH = 200
_WRITTEN_AT_ONCE = 1 << 20  # bytes
#: May be a number that is not finite, or not once it is read (NaN, Infinity, 1e999, 300 digits): looked at closely. It begins
#: with all that it may begin with, which `re` then skips to: every line of every file is asked.
_ODD_NUMBER = re.compile(rb"[NI0-9](?:(?<=N)aN|(?<=I)nfinity|(?<=[0-9])(?:[eE]\+?\d{3}|\d{299}))")

#: The band of a row whose severity is not known.
UNKNOWN = "unknown"


class Record(BaseModel):
    """One row. `id` is unique in a file; fields of earlier stages pass through."""

    model_config = ConfigDict(extra="allow", strict=True)

    id: str = Field(min_length=1)

    def extended(self, **fields: Any) -> dict[str, Any]:
        """The row as a dict with `fields` added at the end: what the next stage writes."""
        return {**self.model_dump(), **fields}

    def dropped(self, reason: str, detail: str = "") -> dict[str, Any]:
        """The row as it goes to a file of dropped rows."""
        return self.extended(reason=reason, detail=detail)


class Seed(Record):
    """A stress sentence. `severity` is 0 to 10 (SAD's avg_severity) or null where unknown."""

    sentence: str = Field(min_length=1)
    category: str
    severity: float | None = Field(default=None, ge=0, le=10)
    source: str


class Story(Record):
    """A story brainstormed from a seed. `seed` is the seed's sentence."""

    seed_id: str
    category: str
    seed: str
    story: str = Field(min_length=1)
    model: str


class Explanation(Story):
    """A story and its first-person retelling."""

    explanation: str = Field(min_length=1)


class Pair(Explanation):
    """An explanation and its response. `reasoning` is the notes before it, or empty."""

    response: str = Field(min_length=1)
    reasoning: str


def severity_band(row: Record, edges: Sequence[float], names: Sequence[str]) -> str:
    """Which of the bands `names` holds the seed's severity; UNKNOWN where the row has none, or none between the `edges`.

    `edges` are rising, one more than `names`. A band holds its lower edge, the last band also its upper one.
    """
    severity = getattr(row, "severity", None)
    if isinstance(severity, bool) or not isinstance(severity, int | float):
        return UNKNOWN
    if not edges[0] <= severity <= edges[-1] or not math.isfinite(severity):
        return UNKNOWN
    return names[min(bisect_right(edges, severity), len(names)) - 1]


class Exchange(BaseModel):
    """What `score` reads: anyone's pair, with whatever other fields it has."""

    model_config = ConfigDict(extra="allow", strict=True)

    explanation: str
    response: str

    def extended(self, **fields: Any) -> dict[str, Any]:
        """The row as a dict with `fields` added at the end."""
        return {**self.model_dump(), **fields}

    @classmethod
    def of(cls, explanation: str, response: str) -> Self:
        return cls(explanation=explanation, response=response)


R = TypeVar("R", bound=BaseModel)


def read_records(path: Path, kind: type[R], *, allow_empty: bool = False) -> list[R]:
    """All records of a JSONL file, checked.

    Raises InputError naming file, line, field and value for: no file, bad UTF-8, broken JSON,
    a missing field, a wrong type, a duplicate id; and for an empty file unless `allow_empty`.
    """
    if not path.is_file():
        raise InputError("no such file", file=path, hint="run `dvc repro`, or check the path")
    rows: list[R] = []
    first_line: dict[str, int] = {}
    with path.open("rb") as stream:
        for number, raw in enumerate(iter(lambda: stream.readline(MOST_LINE_BYTES + 1), b""), start=1):
            if len(raw) > MOST_LINE_BYTES:
                raise InputError(f"a line of more than {MOST_LINE_BYTES:,} bytes", file=path, line=number)
            raw = raw.removeprefix(BOM_UTF8) if number == 1 else raw
            if not raw.strip():
                continue
            row = _record(raw, path, number, kind)
            if isinstance(row, Record):  # an id of anyone's own pairs is none of our business
                if row.id in first_line:
                    raise InputError(
                        f"duplicate id, first on line {first_line[row.id]}", file=path, line=number,
                        field="id", value=row.id, hint="give each row its own id",
                    )
                first_line[row.id] = number
            rows.append(row)
    if not rows and not allow_empty:
        raise InputError("no rows", file=path, hint="the stage before it wrote nothing; see its metrics")
    return rows


def write_records(path: Path, rows: Iterable[BaseModel | dict[str, Any]]) -> int:
    """Write rows as JSON lines (UTF-8, one field order per kind), whole or not at all; give their number."""
    with written_whole(path) as (part,):
        return dump_records(part, rows)


def dump_records(path: Path, rows: Iterable[BaseModel | dict[str, Any]]) -> int:
    """As `write_records`, straight to `path`: for use inside `written_whole`."""
    count = 0
    with path.open("wb", buffering=_WRITTEN_AT_ONCE) as stream:
        for row in rows:
            stream.write(to_json(row) + b"\n")
            count += 1
    return count


def _record(raw: bytes, path: Path, number: int, kind: type[R]) -> R:
    if not _ODD_NUMBER.search(raw):
        with suppress(ValidationError):  # the quick way; what it refuses is looked at closely, to say what is wrong
            return kind.model_validate_json(raw)
    try:
        value = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        bad = raw[error.start : error.start + 1]
        raise InputError("not UTF-8", file=path, line=number, value=bad, hint="save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        shown = raw.decode("utf-8").strip()
        raise InputError(f"not JSON: {error.msg} at column {error.colno}", file=path, line=number, value=shown) from None
    except (ValueError, RecursionError):  # Python's bounds on the digits of a number and on nesting
        raise InputError("a number too long, or nested too deep", file=path, line=number) from None
    if not isinstance(value, dict):
        raise InputError("not a JSON object", file=path, line=number, value=value)
    for field, one in value.items():
        if problem := _unwritable(field) or _unwritable(one):
            raise InputError(problem, file=path, line=number, field=field, hint="mend the value, or take it out")
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise _first_problem(error, path, number) from None


def _unwritable(value: Any) -> str | None:
    """Why a value that Python's reader takes cannot be written as JSON again; None where it can."""
    waiting = [(value, 2)]  # the row itself is the first
    while waiting:
        one, deep = waiting.pop()
        if isinstance(one, float) and not math.isfinite(one):
            return "not a finite number"
        if isinstance(one, str) and any("\ud800" <= c <= "\udfff" for c in one):
            return "half a surrogate pair (an emoji cut in two)"
        if isinstance(one, dict | list):
            if deep > MOST_DEPTH:
                return f"nested more than {MOST_DEPTH} deep"
            waiting += [(part, deep + 1) for part in ([*one, *one.values()] if isinstance(one, dict) else one)]
    return None


def _first_problem(error: ValidationError, path: Path, number: int) -> InputError:
    problem = error.errors()[0]
    field = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "missing":
        return InputError("missing", file=path, line=number, field=field, hint="every row needs it")
    message = str(problem["msg"])
    return InputError(message[0].lower() + message[1:], file=path, line=number, field=field, value=problem["input"])
