"""The stage brainstorm as a program: killed, stopped and given bad input."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.params import set_params
from tests.helpers.tiny_model import save_tiny_model

ROOT = Path(__file__).parents[2]
HERE = os.environ | {"PYTHONPATH": str(ROOT)}
PROMPT = "prompts/brainstorm/default.jinja"
OUTPUTS = ("stories.jsonl", "dropped.jsonl", "metrics.json")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with params, prompts, four seeds and a tiny random model, of whose answers some end in time."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("prompts", "profiles", "domains"):
        shutil.copytree(ROOT / name, folder / name)
    save_tiny_model(folder / "tiny")
    set_params(Path(shutil.copyfile(ROOT / "params.yaml", folder / "params.yaml")), **{
        "brainstorm.model": "tiny", "brainstorm.sampling.max_tokens": 25, "brainstorm.attempts": 3,
        "brainstorm.min_words": 1, "machine.batch_size": 3,
    })
    write_seeds(folder / "seeds.jsonl", 4)
    return folder


def write_seeds(path: Path, count: int) -> None:
    row = {"category": "Other", "severity": None, "source": "t"}
    seeds = [json.dumps({"id": f"s{i}", "sentence": f"I missed bus {i}."} | row) for i in range(count)]
    path.write_text("".join(f"{seed}\n" for seed in seeds))


def command(out: Path | str, seeds: Path | str = "seeds.jsonl") -> list[str]:
    return [sys.executable, "-m", "stages.brainstorm", str(seeds), PROMPT, *(f"{out}/{name}" for name in OUTPUTS)]


def stored(path: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(path) as db:
        return db.execute("SELECT key, text FROM answers ORDER BY key").fetchall()


def killed_runs(project: Path, kills: int, whom: str, seeds: str = "seeds.jsonl") -> tuple[dict[str, int], dict[str, int]]:
    """Its report and the step's metrics, when it has ended with the bytes and the store of an undisturbed run."""
    shutil.rmtree(project / ".synthempathy", ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.killed_runs", str(kills), whom, seeds, PROMPT],
        cwd=project, capture_output=True, text=True, env=HERE,
    )
    assert done.returncode == 0, done.stderr
    whole, killed = ({name: (project / folder / name).read_bytes() for name in OUTPUTS} for folder in ("whole", "killed"))
    assert killed == whole
    figures = json.loads(whole["metrics.json"])
    assert 0 < figures["rows_out"] < figures["rows_in"] and figures["asked_again"] > 0
    rows = stored(project / ".synthempathy/store.sqlite")
    assert rows == stored(project / "whole.sqlite")
    assert len(rows) == len(dict(rows)) == figures["rows_in"] + figures["asked_again"]
    return json.loads(done.stdout.splitlines()[-1]), figures


def test_fifty_kills_at_random_moments_end_with_the_same_bytes_and_each_row_once(project):
    """kill -9, 50 times, anywhere from the start of the program to its end; each time the same command resumes."""
    report, figures = killed_runs(project, 50, "step")
    assert figures["rows_in"] == 16
    assert report["killed"] == 50
    assert report["in_the_middle"] >= 10, "the kills missed the writing"


def test_kills_of_a_step_and_of_its_workers_end_with_the_same_bytes_and_each_row_once(project):
    """With two engines, whom kill -9 hits as often as the step: it then goes on. KILLS=50 for the fifty, which take minutes."""
    kills = int(os.environ.get("KILLS", "10"))
    write_seeds(project / "more.jsonl", 30)
    set_params(project / "params.yaml", **{"machine.replicas": 2})
    try:
        report, figures = killed_runs(project, kills, "any", "more.jsonl")
    finally:
        set_params(project / "params.yaml", **{"machine.replicas": None})
    print(report)
    assert figures["rows_in"] == 120
    assert report["killed"] + report["workers"] >= kills
    assert report["killed"] > 0 and report["workers"] > 0
    assert report["in_the_middle"] >= kills / 10, "the kills missed the writing"
    assert report["left"] == 0, "workers outlived their step"


def test_sigterm_keeps_what_is_done_and_exits_143(project):
    shutil.rmtree(project / ".synthempathy", ignore_errors=True)
    process = subprocess.Popen(command("term"), cwd=project, stderr=subprocess.PIPE, text=True, env=HERE)
    for line in process.stderr:
        if "by the store" in line:
            break
    process.send_signal(signal.SIGTERM)
    rest = process.communicate(timeout=60)[1]
    assert process.returncode == 143
    assert "Traceback" not in rest
    assert "stopped by SIGTERM: finished rows are kept" in rest
    assert "are finished and kept in .synthempathy/store.sqlite" in rest
    assert not (project / "term").exists() or not list((project / "term").iterdir())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{broken", "seeds.jsonl:2: not JSON"),
        ('{"id": "s1", "sentence": 3, "category": "Other", "source": "t"}', "seeds.jsonl:2: field 'sentence'"),
        ('{"id": "s1", "category": "Other", "source": "t"}', "seeds.jsonl:2: field 'sentence': missing"),
        ('{"id": "s0", "sentence": "x", "category": "Other", "source": "t"}', "seeds.jsonl:2: field 'id': duplicate id"),
        ("\udcff", "seeds.jsonl:2: not UTF-8"),
    ],
)
def test_bad_input_is_one_line_and_leaves_outputs_alone(project, tmp_path, line, said):
    good = '{"id": "s0", "sentence": "I missed it.", "category": "Other", "severity": null, "source": "t"}'
    seeds, out = tmp_path / "seeds.jsonl", tmp_path / "out"
    seeds.write_bytes(f"{good}\n{line}\n".encode("utf-8", "surrogateescape"))
    out.mkdir()
    (out / "stories.jsonl").write_text("earlier")
    done = subprocess.run(command(out, seeds), cwd=project, capture_output=True, text=True, env=HERE)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert (out / "stories.jsonl").read_text() == "earlier"
    assert [p.name for p in out.iterdir()] == ["stories.jsonl"]


@pytest.mark.parametrize("stage", ["brainstorm", "explain", "respond"])
def test_help_explains_without_loading_a_model(stage):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", f"stages.{stage}", "--help"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )
    assert {"brainstorm": "stories", "explain": "explanations", "respond": "responses"}[stage] in done.stdout
    assert "torch" not in done.stderr
