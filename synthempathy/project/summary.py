"""Show the results of the last run on one screen: rows by stage, empathy scores, the gain by fine-tuning.

    synthempathy summary [metrics]

Every figure is read from metrics/; none is computed here.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TextIO

from synthempathy.core.harmless import harmless
from synthempathy.core.metrics import Metrics, read_metrics
from synthempathy.release.metrics import CorpusMetrics, EmpathyMetrics, RowMetrics, gain_text

STEPS = ("seeds", "brainstorm", "dedup", "explain", "respond", "filter", "split")
PAPER_GAIN = "+21%"  # of Mistral 7B (arXiv 2502.17857)


class EqualLengthMetrics(Metrics):
    """The gain of tuned over base at equal length of the responses."""

    gain_percent: float | None
    ci_low: float | None
    ci_high: float | None
    note: str = ""


class RunMetrics(EmpathyMetrics):
    """metrics/empathy.json, as this screen shows it."""

    gain_equal_length: EqualLengthMetrics


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `synthempathy summary`."""
    parser.add_argument("metrics", type=Path, nargs="?", default=Path("metrics"), help="default: metrics")


def run(given: argparse.Namespace) -> None:
    """Print the summary."""
    summary(given.metrics)


def summary(folder: Path, stream: TextIO | None = None) -> None:
    """Print the tables to `stream`, standard output by default. InputError for a metric that is missing."""
    from rich.console import Console
    from rich.table import Table

    steps = {name: read_metrics(folder / f"{name}.json", RowMetrics) for name in STEPS}
    corpus = read_metrics(folder / "corpus.json", CorpusMetrics)
    empathy = read_metrics(folder / "empathy.json", RunMetrics)
    console = Console(width=100, file=stream, markup=False)
    rows = Table("stage", "rows in", "rows out", "dropped", title="Rows", title_justify="left")
    for name, step in steps.items():
        dropped = harmless(", ".join(f"{reason} {count}" for reason, count in step.dropped.items() if count)) or "none"
        rows.add_row(name, str(step.rows_in), str(step.rows_out), dropped)
    console.print(rows)
    scores = Table("", "ER", "IP", "EX", "mean", "std", "pairs", title="Empathy (0 to 2)", title_justify="left")
    for name, system in {"base": empathy.base, "tuned": empathy.tuned, "corpus": empathy.corpus}.items():
        values = (system.er, system.ip, system.ex, system.mean, system.std)
        scores.add_row(name, *(f"{value:.2f}" for value in values), str(system.pairs))
    console.print(scores)
    console.print(
        f"{corpus.pairs} pairs; words: explanations {corpus.explanation_words_mean:.1f}, responses "
        f"{corpus.response_words_mean:.1f} (the paper: {corpus.paper.explanation_words_mean:.1f} and "
        f"{corpus.paper.response_words_mean:.1f})"
    )
    p = "" if empathy.p_value is None else f", p {empathy.p_value:.4f}"
    console.print(f"gain by fine-tuning: {empathy.gain()}{p}; the paper, Mistral 7B: {PAPER_GAIN}")
    same = empathy.gain_equal_length
    console.print(f"gain at equal length: {gain_text(same.gain_percent, same.ci_low, same.ci_high, same.note)}")
