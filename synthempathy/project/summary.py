"""Show the results of the last run on one screen: rows by stage, scores, the gain by fine-tuning.

    synthempathy summary [metrics]

Every figure is read from metrics/; none is computed here.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TextIO

from synthempathy.core.harmless import harmless
from synthempathy.core.metrics import Metrics, read_metrics
from synthempathy.domain.description import domain_path, read_domain
from synthempathy.release.metrics import CorpusMetrics, EvaluationMetrics, RowMetrics, gain_text, read_evaluation

STEPS = ("seeds", "brainstorm", "dedup", "explain", "respond", "filter", "split")


class EqualLengthMetrics(Metrics):
    """The gain of tuned over base at equal length of the responses."""

    gain_percent: float | None
    ci_low: float | None
    ci_high: float | None
    note: str = ""


class RunMetrics(EvaluationMetrics):
    """metrics/<domain>.json, as this screen shows it."""

    gain_equal_length: EqualLengthMetrics


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `synthempathy summary`."""
    parser.add_argument("metrics", type=Path, nargs="?", default=Path("metrics"), help="default: metrics")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="default: params.yaml")


def run(given: argparse.Namespace) -> None:
    """Print the summary."""
    summary(given.metrics, given.params)


def summary(folder: Path, params: Path, stream: TextIO | None = None) -> None:
    """Print the tables to `stream`, standard output by default. InputError for a metric that is missing."""
    from rich.console import Console
    from rich.table import Table

    steps = {name: read_metrics(folder / f"{name}.json", RowMetrics) for name in STEPS}
    corpus = read_metrics(folder / "corpus.json", CorpusMetrics)
    place = domain_path(params)
    domain = read_domain(params)
    found = read_evaluation(folder / f"{place.parent.name}.json", domain.rubric.names, RunMetrics)
    console = Console(width=100, file=stream, markup=False)
    rows = Table("stage", "rows in", "rows out", "dropped", title="Rows", title_justify="left")
    for name, step in steps.items():
        dropped = harmless(", ".join(f"{reason} {count}" for reason, count in step.dropped.items() if count)) or "none"
        rows.add_row(name, str(step.rows_in), str(step.rows_out), dropped)
    console.print(rows)
    names = domain.rubric.names
    title = f"{domain.rubric.title} (0 to 2)"
    scores = Table("", *map(str.upper, names), "mean", "std", "pairs", title=title, title_justify="left")
    for name, system in {"base": found.base, "tuned": found.tuned, "corpus": found.corpus}.items():
        values = (*map(system.score, names), system.mean, system.std)
        scores.add_row(name, *(f"{value:.2f}" for value in values), str(system.pairs))
    console.print(scores)
    console.print(
        f"{corpus.pairs} pairs; words: explanations {corpus.explanation_words_mean:.1f}, responses "
        f"{corpus.response_words_mean:.1f}" + (
            f" (the paper: {corpus.paper.explanation_words_mean:.1f} and {corpus.paper.response_words_mean:.1f})"
            if corpus.paper else ""
        )
    )
    p = "" if found.p_value is None else f", p {found.p_value:.4f}"
    beside = domain.beside
    paper = f"; the paper, {beside.gain_of}: {beside.gain}" if beside and beside.gain else ""
    console.print(f"gain by fine-tuning: {found.gain()}{p}{paper}")
    same = found.gain_equal_length
    console.print(f"gain at equal length: {gain_text(same.gain_percent, same.ci_low, same.ci_high, same.note)}")
