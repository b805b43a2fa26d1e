"""The scores of an evaluation's responses, from a file or a git revision, and which of two evaluations' rows pair."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from synthempathy.core.errors import InputError
from synthempathy.core.files import read_table, read_text
from synthempathy.core.records import Record, read_records
from synthempathy.domain.description import domain_path
from synthempathy.evaluation.revisions import commit_of, files_at, git_file
from synthempathy.evaluation.systems import CORPUS, TUNED

WORKSPACE = "workspace"
#: The table is metrics/<domain>_scores.csv, in git, so that no data is needed to compare revisions. Its scores, the dimensions
#: and their mean, stand between these columns; the last two are hashes of the explanation and the response.
METRICS, SUFFIX = Path("metrics"), "_scores.csv"
BEFORE, AFTER = ("pair_id", "seed_id", "system"), ("words", "explanation", "response")
_FORMER = {"arm": "system"}  # as evaluations of earlier revisions name a column
_LAST_FIELD = "finish_reason"  # of a row of data/evaluation.jsonl before its scores

Score = Annotated[float, Field(ge=0, le=2)]


class ScoredResponse(BaseModel):
    """A scored response. `explanation` and `response` are hashes of the texts; `scores` by name, the dimensions' mean last."""

    model_config = ConfigDict(frozen=True)

    pair_id: str = Field(min_length=1)
    seed_id: str
    system: str
    scores: dict[str, Score] = Field(min_length=2)
    words: int = Field(ge=0)
    explanation: str
    response: str

    @property
    def whole(self) -> float:
        """The mean of the dimensions."""
        return list(self.scores.values())[-1]


class _Line(Record):
    """A row of data/evaluation.jsonl, with the texts themselves; its scores stand at its end."""

    pair_id: str = Field(min_length=1)
    seed_id: str
    system: str = Field(validation_alias=AliasChoices("system", *_FORMER))
    explanation: str
    response: str

    def scored(self) -> ScoredResponse:
        """With hashes in place of the texts."""
        extra = self.model_extra or {}
        names = list(extra)
        after = names[names.index(_LAST_FIELD) + 1 :] if _LAST_FIELD in names else names
        return ScoredResponse(
            pair_id=self.pair_id, seed_id=self.seed_id, system=self.system, words=len(self.response.split()),
            scores={name: extra[name] for name in after if isinstance(extra[name], (int, float))},
            explanation=text_hash(self.explanation), response=text_hash(self.response),
        )


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
        there = sorted(METRICS.glob(f"*{SUFFIX}"))
        table = there[0] if len(there) == 1 else METRICS / f"{domain_path(Path('params.yaml')).parent.name}{SUFFIX}"
        return _table(read_text(table), str(table))
    path = Path(source)
    if path.suffix == ".jsonl":
        return [row.scored() for row in read_records(path, _Line)]
    if path.suffix == ".csv":
        return _table(read_text(path), source)
    table = table_at(source)
    return _table(git_file(source, table), f"{source}:{table}")


def table_at(revision: str) -> Path:
    """The table of scores at a revision. InputError where there is none."""
    there = [path for path in files_at(commit_of(revision), METRICS) if path.name.endswith(SUFFIX)]
    if not there:
        raise InputError(
            f"no metrics/*{SUFFIX} in that revision", value=revision, hint="run `dvc repro` there and commit metrics/"
        )
    return there[0]


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
    header, lines = read_table(text, name)
    there = [_FORMER.get(column, column) for column in header]
    missing = [column for column in (*BEFORE, *AFTER) if column not in there]
    names = [column for column in there if column not in (*BEFORE, *AFTER)]
    if missing or len(names) < 2:
        raise InputError(
            f"the header lacks {', '.join(missing) or 'scores'}", file=name, line=1,
            hint="that evaluation is older than `compare`: run `dvc repro evaluate` there",
        )
    rows: list[ScoredResponse] = []
    for line, cells in lines:
        try:
            named = {_FORMER.get(column, column): cell for column, cell in cells.items()}
            rows.append(ScoredResponse.model_validate(named | {"scores": {score: named[score] for score in names}}))
        except ValidationError as error:
            problem = error.errors()[0]
            raise InputError(
                str(problem["msg"]).lower(), file=name, line=line,
                field=".".join(map(str, problem["loc"])), value=problem["input"],
            ) from None
    if not rows:
        raise InputError("no rows", file=name, hint="run `dvc repro evaluate` there")
    return rows
