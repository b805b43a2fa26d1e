"""Two machines and a shared folder: one has the models and pushes; the other has none, pulls, edits, and goes on.

A machine is a clone here. The models stand in a folder that git does not have, so a clone lacks them, as a laptop does.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.helpers.params import set_params
from tests.helpers.small_project import BOX, commit, copied, git, ran, run

WAITING = {"prefer", "finetune", "evaluate"}


class Machines(NamedTuple):
    box: Path
    laptop: Path


@pytest.fixture(scope="module")
def pulled(small_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Machines:
    """The box has run and pushed; the laptop has cloned and pulled."""
    here = tmp_path_factory.mktemp("machines")
    box, laptop = copied(small_run, here / "box"), here / "laptop"
    assert run(box, "dvc", "remote", "add", "--default", "shared", str(here / "shared")).returncode == 0
    commit(box)
    pushed = run(box, "dvc", "push", "dvc.yaml")
    assert pushed.returncode == 0, pushed.stderr
    git(here, "clone", "-q", str(box), str(laptop))
    fetched = run(laptop, "dvc", "pull", "dvc.yaml")
    assert fetched.returncode == 0, fetched.stderr
    assert not (laptop / BOX).exists()
    return Machines(box, laptop)


@pytest.fixture
def machines(pulled: Machines, tmp_path: Path) -> Machines:
    """Copies of both for a test that changes them; the shared folder is everybody's."""
    return Machines(copied(pulled.box, tmp_path / "box"), copied(pulled.laptop, tmp_path / "laptop"))


def go_on(laptop: Path, *words: str) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """`synthempathy continue`: what it printed, and the stages that wait, each with the reason."""
    done = run(laptop, "python", "-m", "synthempathy", "continue", *words)
    return done, dict(re.findall(r"not asked for: (\w+), since (.*)", done.stderr))


def test_the_corpus_comes_over_whole_and_nothing_is_to_be_done(machines: Machines) -> None:
    for name in ("data/corpus.jsonl", "data/evaluation.jsonl", "data/release/README.md", "models/adapter/adapter_config.json"):
        assert (machines.laptop / name).read_bytes() == (machines.box / name).read_bytes()
    done, waits = go_on(machines.laptop)
    assert ran(done) == set() and waits == {}, done.stderr
    assert git(machines.laptop, "status", "--porcelain") == ""


def test_a_filter_s_edit_goes_on_from_the_corpus_here_and_is_finished_there(machines: Machines) -> None:
    set_params(machines.laptop / "params.yaml", **{"filter.response_min_words": 147, "stats.top_templates": 5})
    shown, waits = go_on(machines.laptop, "--show")
    assert re.search(r"would run: .*filter, stats, split\n", shown.stderr), shown.stderr
    assert ran(shown) == set() and set(waits) >= WAITING
    done, waits = go_on(machines.laptop)
    assert ran(done) >= {"filter", "stats", "split"}, done.stderr
    assert waits["finetune"] == f"{BOX} is not on this machine" and waits["release"] == "it follows evaluate"
    assert not ran(done) & {"check", "brainstorm", "explain", "respond", *WAITING}
    figures = json.loads((machines.laptop / "metrics/filter.json").read_text())
    assert figures["dropped"]["response_too_short"] > 0
    assert figures["rows_in"] == figures["rows_out"] + sum(figures["dropped"].values())
    assert "Traceback" not in done.stderr

    commit(machines.laptop)
    assert run(machines.laptop, "dvc", "push", "dvc.yaml").returncode == 0
    git(machines.box, "pull", "-q", str(machines.laptop))
    assert run(machines.box, "dvc", "pull", "dvc.yaml").returncode == 0
    finished = ran(run(machines.box, "dvc", "repro"))
    assert finished >= {"check", "prefer", "finetune", "evaluate", "release"}
    assert not finished & {"seeds", "brainstorm", "dedup", "explain", "respond", "filter", "split", "stats"}
    assert (machines.box / "data/corpus.jsonl").read_bytes() == (machines.laptop / "data/corpus.jsonl").read_bytes()
    assert ran(run(machines.box, "dvc", "repro")) == set()


def test_what_needs_a_model_that_is_not_here_waits_by_name_with_all_that_follows(machines: Machines) -> None:
    prompt = machines.laptop / "prompts/respond/coe_cbt.jinja"
    prompt.write_text(prompt.read_text().replace("End with one specific question.", "Ask no question."))
    set_params(machines.laptop / "params.yaml", **{"stats.top_templates": 5, "scorer.linear.doubts": False})
    corpus = (machines.laptop / "data/corpus.jsonl").read_bytes()
    done, waits = go_on(machines.laptop)
    assert ran(done) == {"scorer"}, done.stderr
    assert waits["respond"] == f"{BOX} is not on this machine"
    assert waits["filter"] == "it follows respond" and waits["stats"] == "it follows filter"
    assert set(waits) >= {"respond", "filter", "stats", "split", "release", *WAITING}
    assert (machines.laptop / "data/corpus.jsonl").read_bytes() == corpus


def test_a_laptop_that_has_not_pulled_is_told_to(machines: Machines) -> None:
    (machines.laptop / "data/responses.jsonl").unlink()
    set_params(machines.laptop / "params.yaml", **{"filter.response_min_words": 147})
    done, _ = go_on(machines.laptop)
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert done.returncode == 1 and len(errors) == 1
    assert "data/responses.jsonl: not here, and the stage filter reads it; run `dvc pull dvc.yaml`" in errors[0]
    assert (machines.laptop / "data/corpus.jsonl").exists()


def test_a_mistake_ends_it_before_any_output_is_touched(machines: Machines) -> None:
    set_params(machines.laptop / "params.yaml", **{"filter.response_min_words": -1})
    done, _ = go_on(machines.laptop)
    assert done.returncode == 1 and "filter.response_min_words" in done.stderr and "Traceback" not in done.stderr
    assert (machines.laptop / "data/corpus.jsonl").exists()


def test_a_model_that_goes_away_leaves_no_broken_link(machines: Machines) -> None:
    shutil.rmtree(machines.box / BOX)
    done, waits = go_on(machines.box)
    assert done.returncode == 0, done.stderr
    assert waits == {} and not (machines.box / "models/named/respond").exists()
    assert (machines.box / "models/named/filter/models.txt").read_text() == ""
