"""Checkpoints: whole or not gone on from; a changed parameter, pair or base model starts afresh; old ones go."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from synthempathy.finetuning.checkpoints import KEPT_SECONDS, WHOLE, Checkpoints, key_of
from tests.helpers.trainings import MIXED, SETTINGS, changed


def written(checkpoints: Checkpoints, step: int, best: int | None = None) -> Path:
    folder = checkpoints.at(step)
    folder.mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_text(f"weights of {step}")
    (folder / "optimizer.pt").write_text("moments")
    (folder / "trainer_state.json").write_text(json.dumps({"best_global_step": best, "log_history": []}))
    checkpoints.seal(step, best)
    return folder


def steps(checkpoints: Checkpoints) -> list[int]:
    return sorted(int(path.name.split("-")[1]) for path in checkpoints.folder.iterdir())


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path / "checkpoints", "key")


def test_the_last_and_the_best_are_kept(checkpoints: Checkpoints) -> None:
    assert checkpoints.last() is None
    for step, best in ((9, None), (10, 10), (20, 10), (30, 10)):
        written(checkpoints, step, best)
        assert checkpoints.last() == checkpoints.at(step)
    assert steps(checkpoints) == [10, 30]
    checkpoints.remove()
    assert checkpoints.last() is None


def test_it_tells_what_the_next_run_goes_on_from(checkpoints: Checkpoints) -> None:
    assert "starts anew" in checkpoints.told()
    written(checkpoints, 30)
    assert "checkpoint-30 is kept" in checkpoints.told()
    resumed = Checkpoints(checkpoints.folder.parent, "key")
    resumed.clean()
    assert resumed.told() == checkpoints.told()


@pytest.mark.parametrize("damage", ["unsealed", "lacking", "changed", "added", "half a seal"])
def test_one_that_is_not_whole_is_never_gone_on_from(checkpoints: Checkpoints, damage: str) -> None:
    written(checkpoints, 10, 10)
    last = written(checkpoints, 20, 10)
    assert checkpoints.last() == last
    match damage:
        case "unsealed":
            (last / WHOLE).unlink()
        case "lacking":
            (last / "optimizer.pt").unlink()
        case "changed":
            (last / "adapter_model.safetensors").write_text("weights of 2")
        case "added":
            (last / "more").write_text("")
        case "half a seal":
            (last / WHOLE).write_text((last / WHOLE).read_text()[:40])
    assert checkpoints.last() == checkpoints.at(10)
    checkpoints.clean()
    assert steps(checkpoints) == [10]


def test_one_whose_best_one_is_not_whole_is_not_gone_on_from(checkpoints: Checkpoints) -> None:
    best = written(checkpoints, 10, 10)
    written(checkpoints, 20, 10)
    (best / "adapter_model.safetensors").unlink()
    assert checkpoints.last() is None


def test_what_other_runs_left_goes_after_a_week(checkpoints: Checkpoints) -> None:
    others = {name: Checkpoints(checkpoints.folder.parent, name) for name in ("old", "young")}
    for other in others.values():
        written(other, 5)
    for path in (others["old"].folder, *others["old"].folder.rglob("*")):
        os.utime(path, (0, time.time() - KEPT_SECONDS - 60))
    checkpoints.clean()
    assert others["old"].last() is None
    assert others["young"].last() is not None


CHANGES: list[dict[str, Any]] = [
    {"learning_rate": 0.1}, {"seed": 4}, {"lora__rank": 8}, {"epochs": 3}, {"batch_size": 5}, {"dtype": "bfloat16"},
    {"eval_steps": 2}, {"prompt": "other"},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_another_parameter_is_another_key(change: dict[str, Any]) -> None:
    plain, other = (key_of(settings.model_dump(), "base", MIXED, MIXED) for settings in (SETTINGS, changed(**change)))
    assert plain != other


def test_other_pairs_and_another_base_model_are_other_keys() -> None:
    values = SETTINGS.model_dump()
    keys = [
        key_of(values, "base", MIXED, MIXED), key_of(values, "other base", MIXED, MIXED),
        key_of(values, "base", MIXED[1:], MIXED), key_of(values, "base", MIXED, MIXED[1:]),
        key_of(values, "base", MIXED[::-1], MIXED),
    ]
    assert len(set(keys)) == len(keys)
    assert keys[0] == key_of(values, "base", list(MIXED), MIXED)
