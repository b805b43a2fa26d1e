"""The metrics that the dataset card quotes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ConfigDict, Field

from synthempathy.core.errors import InputError
from synthempathy.core.metrics import Metrics, read_metrics

E = TypeVar("E", bound="EvaluationMetrics")


class RowMetrics(Metrics):
    """Rows of a stage, as in metrics/dedup.json and metrics/filter.json."""

    rows_in: int
    rows_out: int
    dropped: dict[str, int]


class PaperMetrics(Metrics):
    pairs: int
    explanation_words_mean: float
    response_words_mean: float


class ModelCounts(Metrics):
    """Pairs by the model that wrote each text."""

    story: dict[str, int]
    explanation: dict[str, int]
    response: dict[str, int]


class CorpusMetrics(Metrics):
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
    explanation_flesch_kincaid_grade: float | None  # null: the formula is not made for the language
    explanation_near_duplicate_share: float | None
    response_flesch_kincaid_grade: float | None
    response_near_duplicate_share: float | None
    categories: dict[str, int]
    models: ModelCounts
    paper: PaperMetrics | None


class SystemMetrics(Metrics):
    """Scores of one system's responses, by dimension and their mean: 0 to 2, higher is more."""

    model_config = ConfigDict(extra="allow")

    mean: float
    std: float
    pairs: int

    def score(self, dimension: str) -> float:
        """The mean of a dimension; `read_evaluation` sees to it that there is one."""
        return float((self.model_extra or {})[dimension])


class EvaluationMetrics(Metrics):
    """metrics/<domain>.json. The gain and its ends are null where they are not defined; `note` says why."""

    base: SystemMetrics
    tuned: SystemMetrics
    corpus: SystemMetrics
    gain_percent: float | None
    gain_ci_low: float | None
    gain_ci_high: float | None
    p_value: float | None
    note: str = ""

    def gain(self, digits: int = 0) -> str:
        """The gain of tuned over base, in words; see `gain_text`."""
        return gain_text(self.gain_percent, self.gain_ci_low, self.gain_ci_high, self.note, digits)


def read_evaluation(path: Path, dimensions: Sequence[str], kind: type[E]) -> E:
    """metrics/<domain>.json as `kind`. InputError names a figure that is missing, a dimension's among them."""
    found = read_metrics(path, kind)
    for name in ("base", "tuned", "corpus"):
        scores = getattr(found, name).model_extra or {}
        for dimension in dimensions:
            if not isinstance(scores.get(dimension), (int, float)):
                raise InputError("missing", file=path, field=f"{name}.{dimension}", hint="run `dvc repro evaluate`")
    return found


def gain_text(percent: float | None, low: float | None, high: float | None, note: str, digits: int = 0) -> str:
    """A gain in percent with its interval; `note` says why one of them is not defined.

    >>> gain_text(21.4, 12.6, 30, ""), gain_text(21.4, 12.6, None, ""), gain_text(None, None, None, "the base mean is 0")
    ('+21% (95% interval 13 to 30)', '+21% (95% interval 13 to no bound)', 'not defined (the base mean is 0)')
    """
    if percent is None:
        return f"not defined ({note})"
    if low is None:
        return f"{percent:+.{digits}f}% ({note})"
    end = "no bound" if high is None else f"{high:.{digits}f}"
    return f"{percent:+.{digits}f}% (95% interval {low:.{digits}f} to {end})"
