"""The metrics files that the dataset card quotes, checked: a missing or mistyped figure is named in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthempathy.core.errors import InputError
from synthempathy.core.files import read_text


class Figures(BaseModel):
    """Figures of a metrics file; figures that the card does not quote pass by."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, allow_inf_nan=False)


class RowFigures(Figures):
    """metrics/dedup.json, metrics/filter.json."""

    rows_in: int
    rows_out: int
    dropped: dict[str, int]


class PaperFigures(Figures):
    pairs: int
    explanation_words_mean: float
    response_words_mean: float


class ModelFigures(Figures):
    """Pairs by the model that wrote each text."""

    story: dict[str, int]
    explanation: dict[str, int]
    response: dict[str, int]


class CorpusFigures(Figures):
    """metrics/corpus.json."""

    pairs: int = Field(ge=1)
    seeds: int
    stories: int
    explanation_words_mean: float
    explanation_words_std: float
    explanation_words_median: float
    response_words_mean: float
    response_words_std: float
    response_words_median: float
    vocabulary: int
    distinct_1: float
    distinct_2: float
    distinct_3: float
    mattr: float
    self_bleu: float
    compression_ratio: float
    top_opening_share: float
    top_closing_share: float
    top_sentence_share: float
    question_share: float
    response_distinct_share: float
    explanation_flesch_kincaid_grade: float
    explanation_near_duplicate_share: float | None
    response_flesch_kincaid_grade: float
    response_near_duplicate_share: float | None
    categories: dict[str, int]
    models: ModelFigures
    paper: PaperFigures


class ArmFigures(Figures):
    """Empathy of one set of responses, by mechanism and in all: 0 to 2, higher is more."""

    er: float
    ip: float
    ex: float
    mean: float
    std: float
    pairs: int


class EmpathyFigures(Figures):
    """metrics/empathy.json. The gain and its ends are null where they are not defined; `note` says why."""

    base: ArmFigures
    tuned: ArmFigures
    corpus: ArmFigures
    gain_percent: float | None
    gain_ci_low: float | None
    gain_ci_high: float | None
    p_value: float | None
    note: str = ""


F = TypeVar("F", bound=Figures)


def read_figures(path: Path, kind: type[F]) -> F:
    """The figures of a metrics file. InputError names the file and the figure."""
    try:
        value: Any = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", file=path, line=error.lineno) from None
    if not isinstance(value, dict):
        raise InputError("not a JSON object", file=path, value=value)
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "missing":
            raise InputError(
                "missing, and the dataset card quotes it", file=path, field=field,
                hint="run the stage that writes this file again",
            ) from None
        message = str(problem["msg"])
        raise InputError(message[0].lower() + message[1:], file=path, field=field, value=problem["input"]) from None
