"""Stages that are killed between any two renames: their outputs are the old or the new, and a rerun ends with the same bytes."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from synthempathy.core.replacing import finish_interrupted
from tests.helpers.pairs import ROOT

#: Runs a stage, and kills it before its rename or exchange number argv[1].
KILLED = """
import runpy, sys
from synthempathy.core import replacing
from tests.helpers.dying import dies_before

dying, module = dies_before(int(sys.argv.pop(1))), sys.argv.pop(1)

replacing._replace = dying(replacing._replace)
runpy.run_module(module, run_name="__main__")
"""
#: Stages of each kind: files alone; files and folders of links; a folder alone.
STAGES = {
    "stages.split": ("data/corpus.jsonl", "data/train.jsonl", "data/validation.jsonl", "data/test.jsonl", "metrics/split.json"),
    "stages.seeds": ("{seeds.path}", "data/seeds.jsonl", "metrics/seeds.json"),
    "stages.check": (
        "{seeds.path}", "{scorer.path}", "{scorer.also}", "data/review/decisions.csv", "data/safety", "prompts",
        "data/datasheet.yaml", "data/checked.json", "models/named",
    ),
}
INPUTS = {"stages.split": 1, "stages.seeds": 1, "stages.check": 7}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with what these stages read; it is the folder in which the test runs."""
    for name in ("prompts", "profiles", "domains", "data/safety", "data/seeds", "data/empathy", "data/review"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("params.yaml", "data/datasheet.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "models").mkdir()
    (tmp_path / "models/embedded").symlink_to(ROOT / "models/embedded")
    rows = (
        f'{{"id":"p{n}","seed_id":"s{n // 2}","category":"Work","seed":"s","story":"t","model":"m","explanation":"e{n}",'
        f'"response":"r{n}","reasoning":"","severity":5.0}}' for n in range(40)
    )
    (tmp_path / "data/corpus.jsonl").write_text("\n".join(rows) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(module: str, steps: int = 10**6) -> int:
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(steps), module, *STAGES[module]], capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
    return ended.returncode


def bytes_of(module: str) -> dict[str, str]:
    files = [
        file for name in STAGES[module][INPUTS[module] :] for file in [Path(name), *Path(name).rglob("*")] if file.is_file()
    ]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.mark.parametrize("module", list(STAGES))
def test_a_stage_killed_between_any_two_renames(module: str, here: Path) -> None:
    assert run(module) == 0
    whole = bytes_of(module)
    outputs = [Path(name) for name in STAGES[module][INPUTS[module] :]]
    for steps in range(20):
        for output in outputs:  # old ones that are told from the new ones
            for file in [file for file in [output, *output.rglob("*")] if file.is_file() and not file.is_symlink()]:
                file.write_text("old\n")
        old = bytes_of(module)
        code = run(module, steps)
        finish_interrupted()
        assert bytes_of(module) in (old, whole), steps
        assert run(module) == 0
        assert bytes_of(module) == whole
        assert [path for path in here.rglob(".*.part*")] == []
        if code == 0:
            break
    else:
        pytest.fail("it never came to its end")
    assert steps >= len(outputs) - 1
