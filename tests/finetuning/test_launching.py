"""machine.launch: the stage in several processes learns what it learns in one, and fails in one line."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from synthempathy.finetuning.launching import LAUNCHED, launches
from tests.helpers.params import set_params
from tests.helpers.tiny_mistral import ROOT

ACCELERATE = """\
compute_environment: LOCAL_MACHINE
distributed_type: 'NO'
num_machines: 1
num_processes: 1
use_cpu: true
mixed_precision: 'no'
"""
COMMAND = [sys.executable, "-m", "stages.finetune", "train.jsonl", "validation.jsonl"]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def tuned(project: Path, out: str, launch: object) -> subprocess.CompletedProcess[str]:
    set_params(project / "params.yaml", **{"machine.launch": launch})
    outputs = [f"{out}/adapter", f"{out}/finetune.json", f"{out}/loss.csv"]
    return subprocess.run([*COMMAND, *outputs], cwd=project, text=True, capture_output=True, check=False, env=environment())


def losses(path: Path) -> list[float]:
    with path.open(encoding="utf-8") as stream:
        return [float(row["loss"]) for row in csv.DictReader(stream)]


def test_several_processes_learn_what_one_does(project: Path) -> None:
    set_params(project / "params.yaml", **{"finetune.lora.dropout": 0.0, "finetune.batch_size": 8})
    done = tuned(project, "one", None)
    assert done.returncode == 0, done.stderr
    (project / "accelerate.yaml").write_text(ACCELERATE, encoding="utf-8")
    for launch in (2, "accelerate.yaml"):
        done = tuned(project, "several", launch)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("finetune: 20 pairs, validation loss") == 1
        assert losses(project / "several/loss.csv") == pytest.approx(losses(project / "one/loss.csv"), rel=1e-4)
        one, several = (json.loads((project / name / "finetune.json").read_text()) for name in ("one", "several"))
        assert several["trainable_parameters"] == one["trainable_parameters"]
        assert not list((project / ".synthempathy/checkpoints").iterdir())


def test_an_error_of_several_processes_is_one_line(project: Path) -> None:
    set_params(project / "params.yaml", **{"finetune.max_length": 16})
    done = tuned(project, "out", 2)
    assert done.returncode == 1
    assert done.stderr.startswith("error: train.jsonl: all 20 pairs are over finetune.max_length 16")
    assert done.stderr.count("\n") == 1
    assert tuned(project, "out", "no.yaml").stderr == (
        "error: no.yaml: no such file; machine.launch is a number, or a file of `accelerate config`\n"
    )


def test_sigterm_reaches_all_and_what_it_prints_is_true(project: Path) -> None:
    set_params(project / "params.yaml", **{"machine.launch": 2, "finetune.epochs": 300, "machine.training.save_steps": 2})
    process = subprocess.Popen(
        [*COMMAND, "out/adapter", "out/finetune.json", "out/loss.csv"], cwd=project, text=True, stderr=subprocess.PIPE,
        env=environment(),
    )
    deadline = time.monotonic() + 200
    while not list(project.glob(".synthempathy/checkpoints/*/*/whole.json")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 143, said
    assert "stopped by SIGTERM: checkpoint-" in said, said
    kept = said.split("checkpoint-")[1].split(" is kept")[0]
    assert list(project.glob(f".synthempathy/checkpoints/*/checkpoint-{kept}/whole.json")), said


def test_only_the_first_process_launches(monkeypatch: pytest.MonkeyPatch) -> None:
    assert launches(2) and launches("file.yaml") and not launches(None)
    monkeypatch.setenv(LAUNCHED, "1")
    assert not launches(2)
