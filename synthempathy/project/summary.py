"""Say on one screen what the last run made: rows by stage, the corpus, the empathy scores.

    python -m synthempathy.project.summary [metrics]

Every figure is read from metrics/; none is made here.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, TextIO

from synthempathy.core.command import guarded
from synthempathy.core.errors import InputError

STEPS = ("seeds", "brainstorm", "dedup", "explain", "respond", "filter", "split")


def summary(folder: Path, stream: TextIO | None = None) -> None:
    """Print the tables to `stream`, standard output by default."""
    from rich.console import Console
    from rich.table import Table

    figures = {name: read_metrics(folder, name) for name in (*STEPS, "corpus", "empathy")}
    console = Console(width=100, file=stream)
    rows = Table("stage", "rows in", "rows out", "dropped", title="Rows", title_justify="left")
    for name in STEPS:
        step = figures[name]
        dropped = ", ".join(f"{reason} {count}" for reason, count in step["dropped"].items() if count) or "none"
        rows.add_row(name, str(step["rows_in"]), str(step["rows_out"]), dropped)
    console.print(rows)
    empathy = figures["empathy"]
    scores = Table("", "ER", "IP", "EX", "mean", "std", "pairs", title="Empathy (0 to 2)", title_justify="left")
    for arm in ("base", "tuned", "corpus"):
        row = empathy[arm]
        scores.add_row(arm, *(f"{row[key]:.2f}" for key in ("er", "ip", "ex", "mean", "std")), str(row["pairs"]))
    console.print(scores)
    corpus = figures["corpus"]
    console.print(
        f"{corpus['pairs']} pairs; words: explanations {corpus['explanation_words_mean']:.1f}, "
        f"responses {corpus['response_words_mean']:.1f} (the paper: 95.5 and 153.7)"
    )
    console.print(f"gain by fine-tuning: {gain(empathy)}, p {empathy['p_value']:.4f}; the paper, Mistral 7B: +21%")
    if "gain_equal_length" in empathy:
        console.print(f"gain at equal length: {gain_at_equal_length(empathy)}")


def gain(empathy: dict[str, Any]) -> str:
    """The gain of metrics/empathy.json with its interval, or why there is none."""
    return _gain(empathy["gain_percent"], empathy["gain_ci_low"], empathy["gain_ci_high"], empathy.get("note"))


def gain_at_equal_length(empathy: dict[str, Any]) -> str:
    """The same of `gain_equal_length`."""
    same = empathy["gain_equal_length"]
    return _gain(same["gain_percent"], same["ci_low"], same["ci_high"], same.get("note"))


def _gain(percent: float | None, low: float | None, high: float | None, note: str | None) -> str:
    if percent is None:
        return f"not defined ({note})"
    if low is None:
        return f"{percent:+.0f}% ({note})"
    return f"{percent:+.0f}% (95% interval {low:.0f} to {'no bound' if high is None else f'{high:.0f}'})"


def read_metrics(folder: Path, name: str) -> dict[str, Any]:
    """metrics/<name>.json. InputError where it is not there."""
    path = folder / f"{name}.json"
    if not path.is_file():
        raise InputError("no such file", file=path, hint="run: make repro")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("metrics", type=Path, nargs="?", default=Path("metrics"), help="default: metrics")
    given = parser.parse_args()
    guarded(lambda: summary(given.metrics))
