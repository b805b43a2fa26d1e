"""The scores of an evaluation's responses, from a file or a git revision, and which of two evaluations' rows pair."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from synthempathy.core.errors import InputError
from synthempathy.core.files import read_text
from synthempathy.core.records import read_records
from synthempathy.evaluation.revisions import git_file
from synthempathy.evaluation.systems import CORPUS, TUNED
from synthempathy.scorers.base import SCORES

WORKSPACE = "workspace"
TABLE = Path("metrics/empathy_scores.csv")  # in git, so no data is needed to compare revisions
#: Columns of the table; the last two are hashes of the explanation and the response.
COLUMNS = ("pair_id", "seed_id", "system", *SCORES, "words", "explanation", "response")
_FORMER = {"arm": "system"}  # as evaluations of earlier revisions name a column


class _Scores(BaseModel):
    model_config = ConfigDict(frozen=True)

    pair_id: str = Field(min_length=1)
    seed_id: str
    system: str = Field(validation_alias=AliasChoices("system", *_FORMER))
    er: float = Field(ge=0, le=2)
    ip: float = Field(ge=0, le=2)
    ex: float = Field(ge=0, le=2)
    empathy: float = Field(ge=0, le=2)
    explanation: str
    response: str


class ScoredResponse(_Scores):
    """A scored response. `explanation` and `response` are hashes of the texts."""

    words: int = Field(ge=0)


class _Line(_Scores):
    """A row of data/evaluation.jsonl, with the texts themselves."""

    model_config = ConfigDict(strict=True)

    id: str = Field(min_length=1)


@dataclass(frozen=True)
class Pairing:
    """Rows of two evaluations that answer the same explanation under the same id, and how many do not."""

    pairs: list[tuple[ScoredResponse, ScoredResponse]]
    only_first: int
    only_second: int
    other_explanation: int


def text_hash(text: str) -> str:
    """12 hex digits that tell texts apart."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def read_scores(source: str) -> list[ScoredResponse]:
    """The rows of an evaluation: a JSONL or CSV file, `workspace`, a git revision or the name of a DVC experiment."""
    if source == WORKSPACE:
        return _table(read_text(TABLE), str(TABLE))
    path = Path(source)
    if path.suffix == ".jsonl":
        return [
            ScoredResponse(**row.model_dump(exclude={"id", "explanation", "response"}), words=len(row.response.split()),
                           explanation=text_hash(row.explanation), response=text_hash(row.response))
            for row in read_records(path, _Line)
        ]
    if path.suffix == ".csv":
        return _table(read_text(path), source)
    return _table(git_file(source, TABLE), f"{source}:{TABLE}")


def rows_of(system: str, rows: Sequence[ScoredResponse]) -> list[ScoredResponse]:
    """The rows of one system."""
    return [row for row in rows if row.system == system]


def systems_in_both(first: Sequence[ScoredResponse], second: Sequence[ScoredResponse]) -> list[str]:
    """The systems that both have, in the first's order."""
    other = {row.system for row in second}
    return [system for system in dict.fromkeys(row.system for row in first) if system in other]


def chosen_systems(wanted: Sequence[str], there: Sequence[str]) -> list[str]:
    """The systems to compare: those wanted, or the corpus and the model tuned on it, or all that are there.

    InputError for one that is not there, and where there is none.
    """
    chosen = list(wanted) or [name for name in (CORPUS, TUNED) if name in there] or list(there)
    missing = next((name for name in chosen if name not in there), None)
    if missing or not chosen:
        hint = f"both have: {', '.join(there) or 'none'}"
        raise InputError("no responses of this system in both", field="--system", value=missing, hint=hint)
    return chosen


def paired(first: Sequence[ScoredResponse], second: Sequence[ScoredResponse]) -> Pairing:
    """Pair two evaluations' rows of one system by pair id, where both answer the same explanation."""
    others = {row.pair_id: row for row in second}
    same_id = [(row, others[row.pair_id]) for row in first if row.pair_id in others]
    pairs = [(a, b) for a, b in same_id if a.explanation == b.explanation]
    return Pairing(pairs, len(first) - len(same_id), len(second) - len(same_id), len(same_id) - len(pairs))


def _table(text: str, name: str) -> list[ScoredResponse]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    there = [_FORMER.get(column, column) for column in reader.fieldnames or ()]
    missing = [column for column in COLUMNS if column not in there]
    if missing:
        raise InputError(
            f"the header lacks {', '.join(missing)}", file=name, line=1,
            hint="that evaluation is older than `compare`: run `dvc repro evaluate` there",
        )
    rows: list[ScoredResponse] = []
    for cells in reader:
        try:
            rows.append(ScoredResponse.model_validate(cells))
        except ValidationError as error:
            problem = error.errors()[0]
            raise InputError(
                str(problem["msg"]).lower(), file=name, line=reader.line_num,
                field=".".join(map(str, problem["loc"])), value=problem["input"],
            ) from None
    if not rows:
        raise InputError("no rows", file=name, hint="run `dvc repro evaluate` there")
    return rows
