"""Write or check the README's generated parts: stage table and diagram from dvc.yaml, results from metrics/.

    synthempathy docs README.md [--check]

The parts are those between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from pydantic import ConfigDict
from ruamel.yaml import YAML

from synthempathy.core.errors import InputError
from synthempathy.core.files import read_text, written_whole
from synthempathy.core.metrics import Metrics, read_metrics
from synthempathy.core.params import read_mapping, value_at
from synthempathy.domain.description import domain_path, read_domain
from synthempathy.project.summary import summary
from synthempathy.release.metrics import CorpusMetrics, EvaluationMetrics

_PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


class DimensionsMetrics(Metrics):
    """Of the rubric's dimensions, each under its key."""

    model_config = ConfigDict(extra="allow")

    def shown(self, dimensions: Sequence[str], file: Path) -> str:
        """Macro-F1 of each. InputError where the file has none."""
        found = []
        for name in dimensions:
            figures = (self.model_extra or {}).get(name)
            value = figures.get("macro_f1") if isinstance(figures, dict) else None
            if not isinstance(value, float):
                raise InputError("missing", file=file, field=f"{name}.macro_f1", hint="run `dvc repro scorer`")
            found.append(f"{name.upper()} {value:.2f}")
        return ", ".join(found)


class ScorerMetrics(DimensionsMetrics):
    """metrics/scorer.json. Where a single author wrote the pairs, none is left out."""

    pairs: int
    leave_one_author_out: DimensionsMetrics | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `synthempathy docs`."""
    parser.add_argument("readme", type=Path)
    parser.add_argument("--dvc-yaml", type=Path, default=Path("dvc.yaml"), help="default: %(default)s")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a part is stale")


def run(given: argparse.Namespace) -> None:
    """Write or check the parts."""
    update(given.readme, given.dvc_yaml, check=given.check)


def update(readme: Path, dvc_yaml: Path, *, check: bool) -> None:
    """Rewrite the parts of `readme`; with `check`, raise InputError where they are stale."""
    text = read_text(readme)
    stages = read_stages(dvc_yaml)
    metrics = dvc_yaml.parent / "metrics"
    parts = {
        "stages": stage_table(stages), "diagram": diagram(stages), "summary": _summary(metrics, dvc_yaml.parent / "params.yaml"),
        "results": results(metrics, dvc_yaml.parent / "params.yaml"), "prompts": _prompts(metrics),
    }
    fresh = _PART.sub(lambda m: f"{m[1]}{parts[m[2]]}{m[3]}", text)
    if check and fresh != text:
        raise InputError("the generated parts are stale", file=readme, hint="run: make docs")
    if not check:
        with written_whole(readme) as (part,):
            part.write_text(fresh, encoding="utf-8")


def results(metrics: Path, params: Path) -> str:
    """The run's figures beside those that the domain's description names; nothing where it names none."""
    domain = read_domain(params)
    whole, paper = domain.rubric.whole.replace("_", " "), domain.beside
    corpus = read_metrics(metrics / "corpus.json", CorpusMetrics)
    found = read_metrics(metrics / f"{domain_path(params).parent.name}.json", EvaluationMetrics)
    scorer = read_metrics(metrics / "scorer.json", ScorerMetrics)
    if paper is None:
        return ""
    left_out = scorer.leave_one_author_out
    names, file = domain.rubric.names, metrics / "scorer.json"
    f1 = f"cross-validated macro-F1 {scorer.shown(names, file)}"
    f1 += f"; of an author it never read {left_out.shown(names, file)}" if left_out else ""
    rows = [
        ("pairs", f"{corpus.pairs:,}", f"{paper.pairs:,}"),
        ("words per explanation, mean", f"{corpus.explanation_words_mean:.1f}", f"{paper.explanation_words_mean:.1f}"),
        ("words per response, mean", f"{corpus.response_words_mean:.1f}", f"{paper.response_words_mean:.1f}"),
        ("base model", "the embedded one, 5.5M", paper.gain_of or "not given here"),
        (f"mean {whole}, base", f"{found.base.mean:.2f}", "not given here"),
        (f"mean {whole}, tuned", f"{found.tuned.mean:.2f}", "not given here"),
        ("gain", found.gain(), paper.gain or "not given here"),
        ("scorer", f"linear, {scorer.pairs:,} authored pairs; {f1}", paper.scorer or "not given here"),
    ]
    return _table(("", "this run", "the paper"), rows)


def read_stages(dvc_yaml: Path) -> dict[str, Any]:
    """The stages, with `${...}` filled in from the params.yaml beside: a value may be what another stage writes."""
    params = dvc_yaml.parent / "params.yaml"
    values = read_mapping(params) if params.is_file() else {}
    text = re.sub(r"\$\{([\w.]+)\}", lambda match: str(value_at(values, match[1]) or match[0]), read_text(dvc_yaml))
    stages: dict[str, Any] = YAML(typ="safe").load(text)["stages"]
    return stages


def stage_table(stages: dict[str, Any]) -> str:
    """One row per stage: what it does, what it writes."""
    return _table(("stage", "what it does", "writes"), [
        (f"`{name}`", stage["desc"], ", ".join(f"`{path}`" for path in written_files(stage)))
        for name, stage in stages.items()
    ])


def diagram(stages: dict[str, Any]) -> str:
    """A Mermaid flowchart: an arrow from the stage that writes a file to each that reads it."""
    writer = {path: name for name, stage in stages.items() for path in written_files(stage)}
    arrows = sorted({
        (writer[dep], name) for name, stage in stages.items() for dep in stage.get("deps", []) if dep in writer
    })
    lines = [f"    {source} --> {target}" for source, target in arrows]
    return "```mermaid\nflowchart LR\n" + "\n".join(lines) + "\n```\n"


def written_files(stage: dict[str, Any]) -> list[str]:
    """The files that a stage of dvc.yaml writes, without the links that `check` makes."""
    outs = [out for key in ("outs", "plots", "metrics") for out in stage.get(key, [])]
    paths = [out if isinstance(out, str) else next(iter(out)) for out in outs]
    return [path for path in paths if not path.startswith("models/named/")]


def _summary(metrics: Path, params: Path) -> str:
    stream = StringIO()
    summary(metrics, params, stream)
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    return "```text\n" + "\n".join(lines) + "\n```\n"


def _prompts(metrics: Path) -> str:
    """The table that `make prompts` wrote."""
    path = metrics / "prompts.md"
    return read_text(path) if path.is_file() else "Not made yet: run `make prompts`.\n"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(header), *lines[1:]]) + "\n"
