"""Scored responses of an evaluation, from a file or a git revision, and which of two evaluations' rows pair."""

from __future__ import annotations

import csv
import io
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthempathy.core.errors import InputError
from synthempathy.core.files import read_text
from synthempathy.core.records import Record, read_records
from synthempathy.evaluation.arms import CORPUS, TUNED
from synthempathy.evaluation.tables import SCORE_COLUMNS, text_hash

WORKSPACE = "workspace"
TABLE = Path("metrics/empathy_scores.csv")  # in git, so no data is needed to compare revisions


class Scored(BaseModel):
    """A scored response. `explanation` and `response` are hashes of the texts."""

    model_config = ConfigDict(frozen=True)

    pair_id: str = Field(min_length=1)
    seed_id: str
    arm: str
    er: float = Field(ge=0, le=2)
    ip: float = Field(ge=0, le=2)
    ex: float = Field(ge=0, le=2)
    empathy: float = Field(ge=0, le=2)
    words: int = Field(ge=0)
    explanation: str
    response: str


class _Line(Record):
    """A row of data/evaluation.jsonl."""

    pair_id: str = Field(min_length=1)
    seed_id: str
    arm: str
    explanation: str
    response: str
    er: float = Field(ge=0, le=2)
    ip: float = Field(ge=0, le=2)
    ex: float = Field(ge=0, le=2)
    empathy: float = Field(ge=0, le=2)


@dataclass(frozen=True)
class Pairing:
    """Rows of two evaluations that answer the same explanation under the same id, and how many do not."""

    pairs: list[tuple[Scored, Scored]]
    only_first: int
    only_second: int
    other_explanation: int


def read_scored(source: str) -> list[Scored]:
    """The rows of an evaluation: a JSONL or CSV file, `workspace`, a git revision or the name of a DVC experiment."""
    if source == WORKSPACE:
        return _table(read_text(TABLE), str(TABLE))
    path = Path(source)
    if path.suffix == ".jsonl":
        return [
            Scored(
                **{key: getattr(row, key) for key in ("pair_id", "seed_id", "arm", "er", "ip", "ex", "empathy")},
                words=len(row.response.split()), explanation=text_hash(row.explanation), response=text_hash(row.response),
            )
            for row in read_records(path, _Line)
        ]
    if path.suffix == ".csv":
        return _table(read_text(path), source)
    return _table(git_file(source, TABLE), f"{source}:{TABLE}")


def git_file(revision: str, path: Path) -> str:
    """A file's text at a git revision (a DVC experiment's name is one too). InputError where it is not there."""
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        # DVC keeps experiments under refs/exps/<commit they stand on>/<name>, where git does not look by itself.
        refs = (_git("for-each-ref", "--sort=-committerdate", "--format=%(refname)", "refs/exps") or "").splitlines()
        named = [ref for ref in refs if ref.split("/")[-1] == revision and ref.count("/") > 3]
        if not named:
            raise InputError(
                "no such git revision, DVC experiment or evaluation file", value=revision,
                hint="see `git log`, `dvc exp list`; files end in .jsonl or .csv",
            )
        commit = named[0]
    text = _git("show", f"{commit.strip()}:./{path.as_posix()}")
    if text is None:
        raise InputError("not in that revision", file=f"{revision}:{path}", hint="run `dvc repro` there and commit metrics/")
    return text


def arm_rows(rows: Sequence[Scored], arm: str) -> list[Scored]:
    """The rows of one arm."""
    return [row for row in rows if row.arm == arm]


def arms_in(first: Sequence[Scored], second: Sequence[Scored]) -> list[str]:
    """The arms that both have, in the first's order."""
    other = {row.arm for row in second}
    return [arm for arm in dict.fromkeys(row.arm for row in first) if arm in other]


def paired(first: Sequence[Scored], second: Sequence[Scored]) -> Pairing:
    """Pair two evaluations' rows of one arm by pair id, where both answer the same explanation."""
    others = {row.pair_id: row for row in second}
    same_id = [(row, others[row.pair_id]) for row in first if row.pair_id in others]
    pairs = [(a, b) for a, b in same_id if a.explanation == b.explanation]
    return Pairing(pairs, len(first) - len(same_id), len(second) - len(same_id), len(same_id) - len(pairs))


def missing_arm(arm: str | None, there: Sequence[str]) -> InputError:
    """The error of an arm that one of the two lacks; None: they share none."""
    hint = f"both have: {', '.join(there) or 'none'}"
    return InputError("no responses of this arm in both", field="--arm", value=arm, hint=hint)


def default_arms(there: Sequence[str]) -> list[str]:
    """What to compare unless asked otherwise: the corpus and the model tuned on it, or all arms that are there."""
    return [arm for arm in (CORPUS, TUNED) if arm in there] or list(there)


def _table(text: str, name: str) -> list[Scored]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    missing = [column for column in SCORE_COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise InputError(
            f"the header lacks {', '.join(missing)}", file=name, line=1,
            hint="that evaluation is older than `compare`: run `dvc repro evaluate` there",
        )
    rows: list[Scored] = []
    for cells in reader:
        try:
            rows.append(Scored.model_validate(cells))
        except ValidationError as error:
            problem = error.errors()[0]
            raise InputError(
                str(problem["msg"]).lower(), file=name, line=reader.line_num,
                field=".".join(map(str, problem["loc"])), value=problem["input"],
            ) from None
    if not rows:
        raise InputError("no rows", file=name, hint="run `dvc repro evaluate` there")
    return rows


def _git(*arguments: str) -> str | None:
    """What git says, or None where it cannot."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise InputError("git is not installed", value="git", hint="name two evaluation files instead") from None
    return done.stdout.decode("utf-8", errors="replace") if done.returncode == 0 else None
