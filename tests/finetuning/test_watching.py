"""What is read from the Trainer's log: looks, the best of them, when to stop, the table."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from typing import Any

import pytest

from synthempathy.core.errors import ModelError
from synthempathy.finetuning.watching import MOST_ROWS, Look, Outcome, best_of, dvclive_callback, has_stopped, looks_of
from tests.helpers.trainings import MIXED, run


def log_of(*losses: float) -> list[dict[str, Any]]:
    """A look before training and after every tenth step."""
    return [{"step": 10 * i, "epoch": i / 2 or None, "eval_loss": loss, "eval_train_loss": 1.0} for i, loss in enumerate(losses)]


def test_the_best_look_is_the_earliest_of_the_lowest_and_never_the_one_before_training() -> None:
    looks = looks_of(log_of(0.1, 3.0, 2.0, 2.0))
    assert best_of(looks) == Look(1.0, 20, 1.0, 2.0) == looks[2]
    assert best_of(looks[:1]) is None


@pytest.mark.parametrize(
    ("losses", "patience", "stops"),
    [((9.0,), 1, False), ((9.0, 3.0), 1, False), ((9.0, 3.0, 3.0), 1, True), ((9.0, 3.0, 4.0), 2, False),
     ((9.0, 3.0, 4.0, 5.0), 2, True), ((9.0, 3.0, 4.0, 2.0, 5.0), 2, False), ((1.0, 3.0, 2.0), 1, False)],
)
def test_it_stops_after_so_many_looks_without_a_better_one(losses: tuple[float, ...], patience: int, stops: bool) -> None:
    assert has_stopped(log_of(*losses), patience) is stops


def test_the_table_has_looks_and_steps_and_stays_small(tmp_path: Path) -> None:
    steps = 2 * MOST_ROWS + 1
    log = log_of(2.0, 1.0) + [
        {"step": i, "epoch": i / 4, "loss": 1 / i, "grad_norm": 0.5, "learning_rate": 1e-5 / 3} for i in range(1, steps)
    ]
    looks = looks_of(log)
    Outcome(looks, looks[1], log).write_losses(tmp_path / "loss.csv")
    with (tmp_path / "loss.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["split"], row["step"], row["loss"], row["learning_rate"]) for row in rows[:4]] == [
        ("train", "0", "1.000000", ""), ("validation", "0", "2.000000", ""),
        ("train", "10", "1.000000", ""), ("validation", "10", "1.000000", ""),
    ]
    batches = [row for row in rows if row["split"] == "batch"]
    assert len(batches) == MOST_ROWS and batches[0]["step"] == "2"
    assert batches[0]["learning_rate"] == "3.33333e-06"


def test_dvclive_is_an_option_that_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"make install EXTRAS=dvclive"):
        dvclive_callback("live")


@pytest.mark.skipif(importlib.util.find_spec("dvclive") is None, reason="no dvclive here: make install EXTRAS=dvclive")
def test_dvclive_writes_as_it_goes_and_changes_nothing(home: Path) -> None:
    plain = run(MIXED * 2, MIXED)
    watched = run(MIXED * 3, MIXED, dvclive="live")
    assert plain.outcome.best != watched.outcome.best
    assert (home / "live/plots/metrics/train/loss.tsv").is_file()
    assert not (home / "live/dvc.yaml").exists()
