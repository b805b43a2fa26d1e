"""A copy of this project in a folder of its own, small enough to be reproduced in a test."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.helpers.pairs import ROOT
from tests.helpers.params import set_params

SMALLER = {
    "seeds.limit": 9, "brainstorm.stories_per_seed": 2, "safety.folds": 2, "scorer.folds": 2, "finetune.epochs": 1,
    "evaluate.pairs": 4, "evaluate.bootstrap_samples": 200,
}
#: Tables to learn from, and the column by which a sixth of them is taken.
THINNED = {"data/empathy/labelled_pairs.csv": "explanation", "data/safety/examples.csv": "text"}


def clone(folder: Path, **params: object) -> Path:
    """What git tracks of this project (but its tests and dvc.lock), committed in `folder`, with other params."""
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()
    for name in tracked:
        needed = name.startswith("tests/data/") or not name.startswith("tests/")
        if (ROOT / name).is_file() and needed and name != "dvc.lock":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    set_params(folder / "params.yaml", **params)
    for name, column in THINNED.items():
        _thin(folder / name, column)
    for words in (("init", "-q"), ("add", "-A"), ("-c", "user.name=t", "-c", "user.email=t@t.invalid", "commit", "-qm", "x")):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
    return folder


def _thin(path: Path, column: str) -> None:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    places = {text: place for place, text in enumerate(dict.fromkeys(row[column] for row in rows))}
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(row for row in rows if places[row[column]] % 6 == 0)


def run(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the project, by this Python's programs and the project's own code."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment["PYTHONPATH"] = str(project)
    return subprocess.run(words, cwd=project, capture_output=True, text=True, env=environment)


def ran(result: subprocess.CompletedProcess[str]) -> set[str]:
    """The stages that `dvc repro` ran."""
    assert result.returncode == 0, result.stdout + result.stderr
    return set(re.findall(r"Running stage '(\w+)'", result.stdout))
