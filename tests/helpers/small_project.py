"""This project in another folder, on a small draw, after a real `dvc repro`: minutes at first, seconds to copy."""

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

#: Where the models stand: a folder that no clone gets, as on the machine with the GPUs.
BOX = "models/box"
SMALLER = {
    "seeds.limit": 9, "brainstorm.stories_per_seed": 2, "safety.folds": 2, "scorer.folds": 2, "finetune.epochs": 1,
    "evaluate.pairs": 4, "evaluate.bootstrap_samples": 200,
}
#: Tables to learn from, and the column by which a sixth of them is taken.
THINNED = {"data/empathy/labelled_pairs.csv": "explanation", "data/safety/examples.csv": "text"}
AUTHOR = ("-c", "user.name=t", "-c", "user.email=t@t.invalid")


def make_small_run(folder: Path) -> None:
    """A smaller copy of the project, with its models where git does not look, after `dvc repro`."""
    clone(folder, **SMALLER, **{f"{section}.model": BOX for section in ("brainstorm", "explain", "respond", "finetune")})
    ran(run(folder, "dvc", "repro"))


def clone(folder: Path, **params: object) -> Path:
    """What git tracks of this project (but its tests and dvc.lock), committed in `folder`, with other params; BOX beside."""
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
    git(folder, "init", "-q")
    (folder / ".git/info/exclude").write_text(f"{BOX}\n")
    shutil.copytree(folder / "models/embedded", folder / BOX)
    commit(folder)
    return folder


def copied(project: Path, folder: Path) -> Path:
    """A copy with its cache, and with links that lead where they led."""
    shutil.copytree(project, folder, symlinks=True)
    return folder


def run(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command with the project's own code."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment["PYTHONPATH"] = str(project)
    return subprocess.run(words, cwd=project, capture_output=True, text=True, env=environment)


def ran(result: subprocess.CompletedProcess[str]) -> set[str]:
    """The stages that DVC ran; it must have ended well."""
    assert result.returncode == 0, result.stdout + result.stderr
    return set(re.findall(r"Running stage '(\w+)'", result.stdout))


def git(project: Path, *words: str) -> str:
    """What a git command printed."""
    return subprocess.run(["git", *AUTHOR, *words], cwd=project, check=True, capture_output=True, text=True).stdout


def commit(project: Path) -> None:
    """Commit all that there is."""
    git(project, "add", "-A")
    git(project, "commit", "-qm", "x")


def _thin(path: Path, column: str) -> None:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    places = {text: place for place, text in enumerate(dict.fromkeys(row[column] for row in rows))}
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(row for row in rows if places[row[column]] % 6 == 0)
