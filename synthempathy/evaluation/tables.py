"""The tables beside the metrics: plotted by DVC, kept in git, and read again by `compare`.

    empathy_scores.csv        a row a response: its scores, its words, and what it answers (hashes, no text)
    empathy_by_mechanism.csv  arm, mechanism, mean and its 95% interval
    empathy_by_category.csv   category, pairs, gain of tuned over base and its 95% interval, empty with a single seed
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from synthempathy.evaluation.arms import TUNED
from synthempathy.evaluation.summary import SCORES, Evaluated
from synthempathy.scorers.mechanisms import MECHANISMS

#: Columns of empathy_scores.csv; the last two are hashes of the explanation and the response.
SCORE_COLUMNS = ("pair_id", "seed_id", "arm", *SCORES, "words", "explanation", "response")


def text_hash(text: str) -> str:
    """12 hex digits that tell texts apart."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def write_scores(path: Path, evaluated: Evaluated) -> None:
    """empathy_scores.csv, in the order of data/evaluation.jsonl."""
    _write(path, SCORE_COLUMNS, (
        (
            pair.id, pair.seed_id, arm, *(float(evaluated.scores[arm][score][i]) for score in SCORES),
            len(answers[i].response.split()), text_hash(pair.explanation), text_hash(answers[i].response),
        )
        for i, pair in enumerate(evaluated.pairs) for arm, answers in evaluated.arms.items()
    ))


def write_mechanisms(path: Path, evaluated: Evaluated) -> None:
    """empathy_by_mechanism.csv: the three mechanisms and `empathy`, their mean, of each arm."""
    _write(path, ("arm", "mechanism", "mean", "ci_low", "ci_high"), (
        (arm, score, float(evaluated.scores[arm][score].mean()), *(evaluated.intervals[arm, score] or (None, None)))
        for arm in evaluated.arms for score in (*MECHANISMS, "empathy")
    ))


def write_categories(path: Path, evaluated: Evaluated) -> None:
    """empathy_by_category.csv."""
    header = ("category", "pairs", "difference", "ci_low", "ci_high")
    _write(path, header, evaluated.gain_by_category(TUNED))


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str | float | None]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(header)
        table.writerows([f"{cell:.6f}" if isinstance(cell, float) else cell for cell in row] for row in rows)
