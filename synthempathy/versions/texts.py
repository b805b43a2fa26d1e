"""The texts behind an evaluation's scores: data/evaluation.jsonl of a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from synthempathy.core.errors import InputError
from synthempathy.core.records import read_records
from synthempathy.evaluation.score_table import ScoredResponse, text_hash
from synthempathy.versions.version import Version

EVALUATION = Path("data/evaluation.jsonl")


class _Row(BaseModel):
    """What is read of a row, whatever its scores are called."""

    model_config = ConfigDict(strict=True, extra="ignore")

    pair_id: str
    system: str = Field(validation_alias=AliasChoices("system", "arm"))  # as evaluations of earlier revisions name it
    category: str = ""
    explanation: str
    response: str


@dataclass(frozen=True)
class Texts:
    """A version's texts by (system, pair), and in one line why there are none, or not all."""

    rows: Mapping[tuple[str, str], _Row] = field(default_factory=dict)
    missing: str = ""

    def of(self, scored: ScoredResponse) -> _Row | None:
        """The texts that were given these scores; None where they are not here, or are others by now."""
        row = self.rows.get((scored.system, scored.pair_id))
        if row is None or (text_hash(row.explanation), text_hash(row.response)) != (scored.explanation, scored.response):
            return None
        return row


def texts_of(version: Version) -> Texts:
    """The texts of a version, from the disk or DVC's cache."""
    if version.is_file and not version.name.endswith(".jsonl"):
        return Texts(missing=f"{version.name}: a table of scores holds no texts; name a file .jsonl, or a revision")
    path = version.data(EVALUATION)
    if isinstance(path, InputError):
        return Texts(missing=str(path))
    try:
        return Texts({(row.system, row.pair_id): row for row in read_records(path, _Row)})
    except InputError as error:  # an evaluation of before these fields, or a broken cache: the figures stand without it
        return Texts(missing=str(error))
