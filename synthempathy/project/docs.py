"""Write (or check) the README's generated parts: stage table and diagram from dvc.yaml, figures from metrics/.

    python -m synthempathy.project.docs README.md [--check]

The parts stand between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import argparse
import re
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from synthempathy.core.command import guarded
from synthempathy.core.errors import InputError
from synthempathy.core.files import read_text, written_whole
from synthempathy.project.summary import gain, read_metrics, summary

_PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def update(readme: Path, dvc_yaml: Path, *, check: bool) -> None:
    """Rewrite the parts of `readme`; with `check`, raise InputError where they are stale."""
    text = read_text(readme)
    stages = YAML(typ="safe").load(read_text(dvc_yaml))["stages"]
    metrics = dvc_yaml.parent / "metrics"
    parts = {
        "stages": stage_table(stages), "diagram": diagram(stages), "summary": _summary(metrics),
        "results": results(metrics), "prompts": _prompts(metrics),
    }
    fresh = _PART.sub(lambda m: f"{m[1]}{parts[m[2]]}{m[3]}", text)
    if check and fresh != text:
        raise InputError("the generated parts are stale", file=readme, hint="run: make docs")
    if not check:
        with written_whole(readme) as (part,):
            part.write_text(fresh, encoding="utf-8")


def results(metrics: Path) -> str:
    """The run's figures beside the paper's."""
    corpus, empathy = read_metrics(metrics, "corpus"), read_metrics(metrics, "empathy")
    scorer = read_metrics(metrics, "scorer")
    f1 = ", ".join(f"{name.upper()} {scorer[name]['macro_f1']:.2f}" for name in ("er", "ip", "ex"))
    rows = [
        ("pairs", f"{corpus['pairs']}", "105,578"),
        ("words of an explanation, mean", f"{corpus['explanation_words_mean']:.1f}", "95.5"),
        ("words of a response, mean", f"{corpus['response_words_mean']:.1f}", "153.7"),
        ("base model", "the embedded one, 5.5M", "Mistral 7B"),
        ("average empathy, base", f"{empathy['base']['mean']:.2f}", "not given here"),
        ("average empathy, tuned", f"{empathy['tuned']['mean']:.2f}", "not given here"),
        ("gain", gain(empathy), "+21%"),
        ("scorer", f"linear, {scorer['pairs']:,} authored pairs; cross-validated macro-F1 {f1}", "EPITOME's"),
    ]
    return "\n".join(["| | this run | the paper |", "|---|---|---|", *(f"| {a} | {b} | {c} |" for a, b, c in rows)]) + "\n"


def _prompts(metrics: Path) -> str:
    """The table that `make prompts` wrote."""
    path = metrics / "prompts.md"
    return read_text(path) if path.is_file() else "Not made yet: run `make prompts`.\n"


def _summary(metrics: Path) -> str:
    stream = StringIO()
    summary(metrics, stream)
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    return "```text\n" + "\n".join(lines) + "\n```\n"


def stage_table(stages: dict[str, Any]) -> str:
    """One row a stage: what it does, what it writes."""
    rows = ["| stage | what it does | writes |", "|---|---|---|"]
    for name, stage in stages.items():
        rows.append(f"| `{name}` | {stage['desc']} | {', '.join(f'`{path}`' for path in _written(stage))} |")
    return "\n".join(rows) + "\n"


def diagram(stages: dict[str, Any]) -> str:
    """A Mermaid flowchart: an arrow from the stage that writes a file to each that reads it."""
    writer = {path: name for name, stage in stages.items() for path in _written(stage)}
    arrows = sorted({
        (writer[dep], name) for name, stage in stages.items() for dep in stage.get("deps", []) if dep in writer
    })
    lines = [f"    {source} --> {target}" for source, target in arrows]
    return "```mermaid\nflowchart LR\n" + "\n".join(lines) + "\n```\n"


def _written(stage: dict[str, Any]) -> list[str]:
    """The files that a stage writes."""
    return [_path(out) for key in ("outs", "plots", "metrics") for out in stage.get(key, [])]


def _path(out: str | dict[str, Any]) -> str:
    return out if isinstance(out, str) else next(iter(out))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readme", type=Path)
    parser.add_argument("--dvc-yaml", type=Path, default=Path("dvc.yaml"), help="default: dvc.yaml")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a part is stale")
    given = parser.parse_args()
    guarded(lambda: update(given.readme, given.dvc_yaml, check=given.check))
