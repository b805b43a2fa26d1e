"""continue: what is run and what waits, from what changed and which models are here. The whole story: tests/pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from synthempathy.project.continue_command import _check_pulled, link_present, planned, tasks_of
from synthempathy.project.params import load_params
from synthempathy.project.staleness import Stale
from tests.helpers.pairs import ROOT

TASKS = tasks_of(ROOT / "dvc.yaml")
AWAY = {name: "models/big is not on this machine" for name in ("brainstorm", "explain", "respond", "finetune", "evaluate")}


def changed(*names: str) -> dict[str, Stale]:
    return {name: Stale(("params",), ()) for name in names}


def test_the_stages_come_in_the_order_of_their_data_without_check() -> None:
    names = list(TASKS)
    assert "check" not in TASKS and set(TASKS) >= {"seeds", "filter", "prefer", "release"}
    for name, task in TASKS.items():
        assert all(names.index(parent) < names.index(name) for parent in task.parents)
    assert TASKS["prefer"].models == {"finetune"} and TASKS["stats"].models == set()


def test_with_nothing_changed_nothing_runs() -> None:
    plan = planned(TASKS, {"evaluate": Stale((), ("data/evaluation.jsonl",))}, AWAY)
    assert plan.runs == [] and plan.waits == {}


def test_what_follows_from_a_filter_runs_up_to_the_models_that_are_away() -> None:
    plan = planned(TASKS, changed("filter"), AWAY)
    assert {"filter", "stats", "split"} <= set(plan.runs) and not set(plan.runs) & {"scorer", "respond", "safety"}
    assert plan.waits["prefer"] == plan.waits["evaluate"] == "models/big is not on this machine"
    assert plan.waits["release"].startswith("it follows ")


def test_with_every_model_here_all_that_follows_runs() -> None:
    plan = planned(TASKS, changed("filter"), {})
    assert plan.waits == {} and {"filter", "finetune", "evaluate", "release"} <= set(plan.runs)


def test_a_stage_whose_model_is_away_is_kept_where_nothing_of_it_changed() -> None:
    plan = planned(TASKS, changed("stats"), AWAY)
    assert "stats" in plan.runs and not set(plan.waits) & {"respond", "evaluate", "finetune"}


def test_a_file_that_is_in_the_remote_alone_is_named() -> None:
    stale = {
        "filter": Stale(("params",), ("data/responses.jsonl", "data/corpus.jsonl")), "stats": Stale((), ("data/corpus.jsonl",)),
    }
    _check_pulled(["stats"], TASKS, {})
    with pytest.raises(InputError) as error:
        _check_pulled(["filter", "stats"], TASKS, stale)
    assert str(error.value) == "data/responses.jsonl: not here, and the stage filter reads it; run `dvc pull dvc.yaml`"


def test_links_are_made_for_what_is_here_and_broken_ones_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("models/embedded").mkdir(parents=True)
    Path("models/embedded/config.json").write_text("{}")
    Path("models/named/respond/0").mkdir(parents=True)
    Path("models/named/respond/0/config.json").symlink_to("nowhere")
    link_present(load_params(ROOT / "params.yaml"), {"respond": "away"}, Path("models/named"))
    assert not Path("models/named/respond").exists()
    assert Path("models/named/explain/0/config.json").read_text() == "{}"
    assert Path("models/named/scorer/models.txt").read_text() == ""
