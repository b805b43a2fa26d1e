"""Run the pipeline once for each respond prompt, as DVC experiments, and put the results side by side.

    synthempathy prompts [plain coe_cbt ...] [--run | --table] [--out metrics/prompts.md]

Each prompt of <prompts>/respond (`prompts` of params.yaml) becomes an experiment named prompt-<name>, run in a folder of its
own (`dvc exp run --temp`), so the workspace stays as it is. Then the tables are printed and written to --out, which the README
shows. See also `dvc exp show`, `synthempathy compare prompt-plain prompt-coe_cbt`, and `dvc exp apply` for the best.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from synthempathy.core.errors import InputError
from synthempathy.core.files import written_whole
from synthempathy.core.params import read_params
from synthempathy.core.progress import say, tell
from synthempathy.evaluation.differences import FEWEST_PAIRS, Difference, paired_differences
from synthempathy.evaluation.revisions import git_file
from synthempathy.evaluation.score_table import SUFFIX, ScoredResponse, paired, read_scores, rows_of, table_at
from synthempathy.evaluation.systems import CORPUS, TUNED

FIRST = "plain"
FOR_SMALL_MODELS = "simple"  # which the model of the default profile was never taught
SYSTEMS = (CORPUS, TUNED)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("names", nargs="*", metavar="PROMPT", help="of <prompts>/respond; default: all but simple")
    parts = parser.add_mutually_exclusive_group()
    parts.add_argument("--run", action="store_true", help="run the experiments alone")
    parts.add_argument("--table", action="store_true", help="write the tables of experiments that were run")
    parser.add_argument("--out", type=Path, default=Path("metrics/prompts.md"), help="default: metrics/prompts.md")


def run(given: argparse.Namespace) -> None:
    """Run the experiments, then write the tables; either part may be left out."""
    names = checked(given.names)
    if not given.table:
        for place, name in enumerate(names, start=1):
            say(f"prompts: {name}, {place} of {len(names)}")
            run_experiment(name)
    if not given.run:
        text = tables(names)
        with written_whole(given.out) as (part,):
            part.write_text(text, encoding="utf-8")
        tell(text)


def checked(names: Sequence[str]) -> list[str]:
    """The prompts, `plain` first: `names`, or all but those of small models. InputError for one that is not there."""
    folder = read_params(Path("params.yaml")).prompts / "respond"
    there = sorted((path.stem for path in folder.glob("*.jinja")), key=lambda name: (name != FIRST, name))
    unknown = next((name for name in names if name not in there), None)
    if unknown or not there:
        raise InputError("no such prompt", file=folder, value=unknown, hint=f"there are: {', '.join(there) or 'none'}")
    return [name for name in there if (name in names if names else name != FOR_SMALL_MODELS)]


def run_experiment(name: str) -> None:
    """The pipeline with this prompt, as the experiment prompt-<name>; one of the same name is replaced."""
    subprocess.run(["dvc", "exp", "remove", "--quiet", title(name)], capture_output=True, check=False)
    command = ["dvc", "exp", "run", "--temp", "--name", title(name), "--set-param", f"respond.prompt={name}"]
    if subprocess.run(command, check=False).returncode:
        raise InputError("the experiment failed, see above", value=name, hint=f"try it alone: {' '.join(command)}")


def title(name: str) -> str:
    """The experiment of a prompt."""
    return f"prompt-{name}"


def tables(names: Sequence[str]) -> str:
    """The prompts' scores, and the differences between their corpora, as Markdown."""
    figures = {name: json.loads(git_file(title(name), _metrics_at(title(name)))) for name in names}
    rows = {name: read_scores(title(name)) for name in names}
    corpora = {name: rows_of(CORPUS, rows[name]) for name in names}
    parts = [_scores_table(figures, _dimensions(rows[names[0]]))]
    if len(names) > 1:
        parts.append(_differences_table(corpora))
    return "\n\n".join(parts) + "\n"


def _metrics_at(experiment: str) -> Path:
    """The metrics of its evaluation stand beside its table of scores."""
    table = table_at(experiment)
    return table.with_name(f"{table.name.removesuffix(SUFFIX)}.json")


def _dimensions(rows: Sequence[ScoredResponse]) -> list[str]:
    return list(rows[0].scores)[:-1]


def _scores_table(figures: dict[str, dict[str, Any]], dimensions: Sequence[str]) -> str:
    columns = [f"{system} {key}" for system in SYSTEMS for key in (*map(str.upper, dimensions), "mean", "words")]
    lines = [_line(["respond.prompt", *columns, "gain", "at equal length"]), _line(["---"] * (len(columns) + 3))]
    for name, found in figures.items():
        cells = [
            f"{found[system][key]:.0f}" if key == "words_mean" else f"{found[system][key]:.2f}"
            for system in SYSTEMS for key in (*dimensions, "mean", "words_mean")
        ]
        equal = found.get("gain_equal_length", {}).get("gain_percent")
        lines.append(_line([f"`{name}`", *cells, _percent(found["gain_percent"]), _percent(equal)]))
    return "\n".join(lines)


def _differences_table(corpora: dict[str, list[ScoredResponse]]) -> str:
    dimensions = _dimensions(next(iter(corpora.values())))
    lines = [
        "The second prompt's corpus minus the first's, on the same explanations; **bold** is significant.", "",
        _line(["first", "second", "pairs", *map(str.upper, dimensions), "mean"]),
        _line(["---"] * (len(dimensions) + 4)),
    ]
    for first, second in combinations(corpora, 2):
        pairs = paired(corpora[first], corpora[second]).pairs
        enough = len(pairs) >= FEWEST_PAIRS
        found = [_difference(one) for one in paired_differences(pairs)] if enough else ["too few"] * (len(dimensions) + 1)
        lines.append(_line([f"`{first}`", f"`{second}`", str(len(pairs)), *found]))
    return "\n".join(lines)


def _difference(one: Difference) -> str:
    return f"**{one.difference:+.2f}**" if one.significant else f"{one.difference:+.2f}"


def _percent(value: float | None) -> str:
    return "not defined" if value is None else f"{value:+.0f}%"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
