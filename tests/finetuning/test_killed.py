"""A training killed by SIGKILL, at any step or while a checkpoint is written, ends with the bytes of an undisturbed one."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

from tests.helpers.params import set_params
from tests.helpers.tiny_mistral import ROOT

STEPS = 15  # three epochs of 20 pairs, 4 a step
KILLED_AT = random.Random(7).sample(range(1, STEPS + 1), 10)
MOMENTS = [
    *([f"step {step}"] for step in KILLED_AT),
    [f"step {step}" for step in sorted(KILLED_AT)],  # one run, killed ten times
    ["half a file 1"], ["half a file 6"], ["half a file 9", "half a file 1"],
    ["before the seal 1"], ["before the seal 3"], ["after the seal 2"], ["before the outputs"],
]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_killed_training_goes_on_and_ends_with_the_same_bytes(project: Path) -> None:
    set_params(project / "params.yaml", **{
        "finetune.epochs": 3, "finetune.patience": 9, "finetune.eval_steps": 4, "machine.training.save_steps": 3,
        "finetune.learning_rate": 0.002,
    })
    done = subprocess.run(
        [sys.executable, ROOT / "tests/helpers/killed_trainings.py", json.dumps(MOMENTS)], cwd=project, text=True,
        capture_output=True, check=False, env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    whole = files(project / "whole")
    assert {"adapter/adapter_model.safetensors", "finetune.json", "loss.csv"} <= set(whole)
    told = json.loads(done.stdout)
    for number, moments in enumerate(MOMENTS):
        assert files(project / str(number)) == whole, moments
    for (moment, *_), said in zip(MOMENTS[:10], told[:10], strict=True):
        before = int(moment.split()[1]) - 1  # killed after this step, before it was saved
        last = max((step for step in range(1, before + 1) if step % 3 == 0 or step % 4 == 0), default=0)
        assert said[-1] == ([f"finetune: goes on from step {last}"] if last else []), moment
    assert any("cut off" in line for said in told for lines in said for line in lines)


def test_one_that_stopped_early_does_not_learn_on_when_its_outputs_are_lost(project: Path) -> None:
    set_params(project / "params.yaml", **{
        "finetune.epochs": 6, "finetune.patience": 1, "finetune.eval_steps": 2,
        "finetune.learning_rate": 0.3,
    })
    done = subprocess.run(
        [sys.executable, ROOT / "tests/helpers/killed_trainings.py", json.dumps([["before the outputs"]])], cwd=project,
        text=True, capture_output=True, check=False, env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    figures = json.loads((project / "whole/finetune.json").read_text(encoding="utf-8"))
    assert figures["steps_run"] < 30
    assert files(project / "0") == files(project / "whole")
