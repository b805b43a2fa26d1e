"""A generation step: conservation, a bounded number of tries, nothing generated twice, kills survived."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_model import save_tiny_model

from stages.common.params import load_params
from stages.common.records import Seed
from stages.generation import generate as module
from stages.generation.engines import Completion
from stages.generation.generate import Ask, generate

ROOT = Path(__file__).parents[2]


class FakeEngine:
    """Answers from a function of (id, how often it was asked); counts what it was asked."""

    def __init__(self, say):
        self.say, self.asked = say, []

    def complete(self, requests, sampling):
        for request in sorted(requests, key=lambda r: r.seed):
            self.asked.append(request.id)
            text = self.say(request.id, self.asked.count(request.id))
            yield Completion(request.id, text, "stop", 7, len(text.split()))


@pytest.fixture
def params(tmp_path):
    params = load_params(ROOT / "params.yaml")
    return params.model_copy(
        update={"machine": params.machine.model_copy(update={"store": str(tmp_path / "s.sqlite")})}
    )


def run(monkeypatch, params, engine, count):
    monkeypatch.setattr(module, "open_engine", lambda *_: engine)
    monkeypatch.setattr(module, "identity", lambda *_: "model")
    monkeypatch.setattr(module, "record_cost", lambda *_: None)
    seed = Seed(id="s", sentence="x", category="Other", source="t")
    asks = [Ask(f"r{i}", seed, [{"role": "user", "content": f"{i}"}]) for i in range(count)]
    read = lambda ask, answer: {"story": answer.text} if answer.text == "good" else answer.text  # noqa: E731
    return generate("test", asks, params.brainstorm, params, read)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=st.lists(st.integers(1, 7), min_size=1, max_size=20))
def test_rows_are_conserved_and_tries_are_bounded(plan, monkeypatch, params, tmp_path_factory):
    """Row i is answered well on try plan[i]; beyond the bound it is given up with the last reason."""
    store = str(tmp_path_factory.mktemp("store") / "s.sqlite")
    params = params.model_copy(update={"machine": params.machine.model_copy(update={"store": store})})
    engine = FakeEngine(lambda id, time: "good" if time == plan[int(id[1:])] else "too_short")
    answers = run(monkeypatch, params, engine, len(plan))
    bound = params.brainstorm.attempts
    assert set(answers.accepted) == {f"r{i}" for i, good in enumerate(plan) if good <= bound}
    assert {row["id"] for row in answers.dropped} == {f"r{i}" for i, good in enumerate(plan) if good > bound}
    assert all(row["reason"] == "too_short" for row in answers.dropped)
    assert len(engine.asked) == sum(min(good, bound) for good in plan)
    metrics = answers.metrics("test", rows_in=len(plan))
    assert metrics["rows_in"] == metrics["rows_out"] + sum(metrics["dropped"].values())
    assert list(answers.accepted) == [f"r{i}" for i, good in enumerate(plan) if good <= bound]


def test_a_second_run_generates_nothing_and_says_the_same(monkeypatch, params):
    say = lambda id, time: "good" if (int(id[1:]) + time) % 3 else "too_short"  # noqa: E731
    first_engine, second_engine = FakeEngine(say), FakeEngine(lambda *_: "never")
    first = run(monkeypatch, params, first_engine, 12)
    second = run(monkeypatch, params, second_engine, 12)
    assert second_engine.asked == []
    assert second.metrics("t", 12) == first.metrics("t", 12)
    assert second.accepted == first.accepted


def test_added_rows_alone_are_generated(monkeypatch, params):
    run(monkeypatch, params, FakeEngine(lambda *_: "good"), 10)
    engine = FakeEngine(lambda *_: "good")
    run(monkeypatch, params, engine, 14)
    assert sorted(engine.asked) == ["r10", "r11", "r12", "r13"]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project on a tiny random model, whose stories are accepted whatever they are."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("stages", "prompts", "profiles"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    save_tiny_model(folder / "tiny")
    text = (
        (ROOT / "params.yaml")
        .read_text()
        .replace("models/embedded", "tiny")
        .replace("max_tokens: 240", "max_tokens: 60")
    )
    for bound in ("50", "40"):
        text = text.replace(f"\n  min_words: {bound}", "\n  min_words: 1")
    (folder / "params.yaml").write_text(text.replace("batch_size: 48", "batch_size: 3"))
    (folder / "seeds.jsonl").write_text(
        "".join(
            json.dumps(
                {"id": f"s{i}", "sentence": f"I missed bus {i}.", "category": "Other", "severity": None, "source": "t"}
            )
            + "\n"
            for i in range(8)
        )
    )
    return folder


def command(out: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "stages.generation.brainstorm",
        "seeds.jsonl",
        "prompts/brainstorm/default.jinja",
        f"{out}/stories.jsonl",
        f"{out}/dropped.jsonl",
        f"{out}/metrics.json",
    ]


def outputs(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def test_a_run_killed_again_and_again_ends_with_the_same_bytes(project):
    subprocess.run(command("whole"), cwd=project, check=True, capture_output=True)
    shutil.rmtree(project / ".synthempathy")
    draws = random.Random(3)
    for _ in range(4):
        process = subprocess.Popen(
            command("killed"),
            cwd=project,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for line in process.stderr:  # kill it once it writes, a moment later
            if "in the store" in line:
                break
        time.sleep(draws.uniform(0.2, 2.0))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()
    done = subprocess.run(command("killed"), cwd=project, check=True, capture_output=True, text=True)
    assert outputs(project / "killed") == outputs(project / "whole")
    assert "32 rows" in done.stderr


def test_sigterm_keeps_what_is_done_and_exits_143(project):
    shutil.rmtree(project / ".synthempathy", ignore_errors=True)
    process = subprocess.Popen(command("term"), cwd=project, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "in the store" in line:
            break
    process.send_signal(signal.SIGTERM)
    rest = process.communicate(timeout=60)[1]
    assert process.returncode in (143, 0)  # 0 only if it was done already
    assert "Traceback" not in rest
    assert process.returncode == 0 or not (project / "term").exists() or not list((project / "term").iterdir())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{broken", "seeds.jsonl:2: not JSON"),
        ('{"id": "s1", "sentence": 3, "category": "Other", "source": "t"}', "seeds.jsonl:2: field 'sentence'"),
        ('{"id": "s1", "category": "Other", "source": "t"}', "seeds.jsonl:2: field 'sentence': missing"),
        (
            '{"id": "s0", "sentence": "x", "category": "Other", "source": "t"}',
            "seeds.jsonl:2: field 'id': duplicate id",
        ),
        ("\udcff", "seeds.jsonl:2: not UTF-8"),
    ],
)
def test_bad_input_is_one_line_and_leaves_outputs_alone(project, tmp_path, line, said):
    good = '{"id": "s0", "sentence": "I missed it.", "category": "Other", "severity": null, "source": "t"}'
    seeds = tmp_path / "seeds.jsonl"
    seeds.write_bytes(f"{good}\n{line}\n".encode("utf-8", "surrogateescape"))
    out = tmp_path / "out"
    out.mkdir()
    (out / "stories.jsonl").write_text("earlier")
    given = command(str(out))
    given[3] = str(seeds)
    done = subprocess.run(given, cwd=project, capture_output=True, text=True)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert (out / "stories.jsonl").read_text() == "earlier"
    assert [p.name for p in out.iterdir()] == ["stories.jsonl"]


def test_help_explains_without_loading_a_model():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "stages.generation.respond", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "explanations" in done.stdout
    assert "torch" not in done.stderr
