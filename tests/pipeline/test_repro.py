"""A real `dvc repro` in a temporary copy, on a small draw: what reruns after an edit, and what a mistake leaves alone."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.helpers.pairs import ROOT
from tests.helpers.small_project import copied, ran, run


@pytest.fixture(scope="module")
def project(small_run, tmp_path_factory):
    return copied(small_run, tmp_path_factory.mktemp("pipeline") / "clone")


def figures(project: Path, name: str) -> dict:
    return json.loads((project / "metrics" / f"{name}.json").read_text())


def test_the_whole_pipeline_conserves_rows(project):
    steps = ("seeds", "brainstorm", "dedup", "explain", "respond", "filter", "split")
    found = {name: figures(project, name) for name in steps}
    for name, step in found.items():
        assert step["rows_in"] == step["rows_out"] + sum(step["dropped"].values()), name
    assert found["brainstorm"]["rows_in"] == 2 * found["seeds"]["rows_out"] == 18
    assert found["dedup"]["rows_in"] == found["brainstorm"]["rows_out"]
    assert found["filter"]["rows_in"] == found["respond"]["rows_out"]
    corpus = [json.loads(line) for line in (project / "data/corpus.jsonl").read_text().splitlines()]
    assert len(corpus) == found["filter"]["rows_out"] == figures(project, "corpus")["pairs"]
    assert all("Reasoning:" not in row["response"] and row["reasoning"] for row in corpus)
    sides = [
        {json.loads(line)["seed_id"] for line in (project / f"data/{side}.jsonl").read_text().splitlines()}
        for side in ("train", "validation", "test")
    ]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
    assert figures(project, "empathy")["base"]["pairs"] == figures(project, "empathy")["tuned"]["pairs"] > 0


def test_nothing_changed_runs_nothing(project):
    assert ran(run(project, "dvc", "repro")) == set()


def tracked_bytes(project):
    """What the pipeline wrote, but for what changes from run to run."""
    names = ("data", "metrics", "models")
    paths = [path for name in names for path in (project / name).rglob("*") if path.is_file() and path.name != "cost.json"]
    return {str(path.relative_to(project)): hashlib.md5(path.read_bytes()).hexdigest() for path in paths}


def killed_stages(project, *words):
    environment = os.environ | {"PYTHONPATH": f"{project}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "tests.helpers.killed_stages", *words]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, env=environment)


def test_every_stage_killed_between_any_two_renames_leaves_the_old_or_the_new(project):
    before = tracked_bytes(project)
    result = killed_stages(project, "all")
    assert result.returncode == 0, result.stderr
    renames = json.loads(result.stdout.splitlines()[-1])
    alone = {"quality"}  # one file, one rename
    assert renames.keys() == set(YAML(typ="safe").load(project / "dvc.yaml")["stages"]) - alone
    assert all(number > 0 for number in renames.values())
    assert tracked_bytes(project) == before  # each was done anew, from what the one before it had written
    assert ran(run(project, "dvc", "repro")) == set()
    assert tracked_bytes(project) == before


@pytest.mark.parametrize(
    ("stage", "renames", "old"),
    [("split", 2, "data/train.jsonl"), ("filter", 1, "metrics/filter.json"), ("release", 0, "data/release/README.md")],
)
def test_after_a_kill_dvc_repro_ends_with_the_undisturbed_bytes(project, stage, renames, old):
    before = tracked_bytes(project)
    (project / old).unlink()  # it may be a link into DVC's cache
    (project / old).write_text("old\n")
    assert killed_stages(project, stage, str(renames)).returncode == -signal.SIGKILL
    ran(run(project, "dvc", "repro"))
    assert run(project, "synthempathy", "summary").returncode == 0  # a command more, which finishes what was left
    assert tracked_bytes(project) == before
    assert ran(run(project, "dvc", "repro")) == set()


def test_an_edited_respond_prompt_reruns_what_follows_from_it(project):
    prompt = project / "prompts/respond/coe_cbt.jinja"
    before = prompt.read_text()
    prompt.write_text(before.replace("End with one specific question.", "Ask no question."))
    assert prompt.read_text() != before
    again = ran(run(project, "dvc", "repro"))
    assert again >= {"respond", "filter", "stats", "split", "finetune", "evaluate", "release"}
    assert not again & {"seeds", "brainstorm", "dedup", "explain", "safety", "quality", "scorer"}
    moved = run(project, "dvc", "metrics", "diff", "--json").stdout
    assert "metrics/empathy.json" in moved or "metrics/corpus.json" in moved
    prompt.write_text(before)
    reverted = ran(run(project, "dvc", "repro"))  # the run cache answers for the corpus
    assert not reverted & {"seeds", "brainstorm", "dedup", "explain", "respond", "filter"}


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("params.yaml", "  attempts: 8", "  attemps: 8", "unknown key"),
        ("params.yaml", "temperature: 0.7", "temperature: 9.0", "temperature"),
        ("prompts/respond/coe_cbt.jinja", "{{ explanation }}", "{{ explantion }}", "undefined variable"),
        ("data/seeds/stressors.csv", "sentence", "phrase", "header lacks sentence"),
        ("data/empathy/labelled_pairs.csv", "response", "answer", "header lacks response"),
    ],
)
def test_a_mistake_ends_the_run_with_one_line_and_every_output_still_there(project, file, old, new, said):
    path = project / file
    before = path.read_text()
    outputs = {p: p.stat().st_mtime_ns for p in (project / "data").glob("*.jsonl")}
    path.write_text(before.replace(old, new, 1))
    try:
        result = run(project, "dvc", "repro")
    finally:
        path.write_text(before)
    assert result.returncode != 0
    lines = [line for line in (result.stdout + result.stderr).splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and said in lines[0], result.stderr
    assert "Traceback" not in result.stderr
    assert {p: p.stat().st_mtime_ns for p in (project / "data").glob("*.jsonl")} == outputs


def test_the_lock_gate_sees_an_edited_prompt(project):
    gate = lambda: run(project, "bash", ".ci/lock-gate")  # noqa: E731
    run(project, "dvc", "repro")
    assert gate().returncode == 0
    prompt = project / "prompts/explain/default.jinja"
    before = prompt.read_text()
    prompt.write_text(before + " ")
    assert gate().returncode != 0
    prompt.write_text(before)
