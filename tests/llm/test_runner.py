"""A generation step: conservation, a bounded number of tries, nothing generated twice, kills survived."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthempathy.core.records import Seed
from synthempathy.llm import runner
from synthempathy.llm.backends import Completion
from synthempathy.llm.loading import Model
from synthempathy.llm.mixture import place_of
from synthempathy.llm.params import Engine, Sampling
from synthempathy.llm.runner import Asking, Row, ask_rows
from synthempathy.project.params import load_params
from tests.helpers.tiny_model import save_tiny_model

ROOT = Path(__file__).parents[2]


class FakeEngine:
    """Answers from a function of (id, how often it was asked); counts what it was asked."""

    version = "fake 1"

    def __init__(self, say):
        self.say, self.asked, self.closed = say, [], 0

    def complete(self, requests, sampling):
        for request in sorted(requests, key=lambda r: r.seed):
            self.asked.append(request.id)
            text = self.say(request.id, self.asked.count(request.id))
            yield Completion(request.id, text, "stop", 7, len(text.split()))

    def close(self):
        self.closed += 1


MODEL = Model("org/model", "0123456789abcdef0123456789abcdef01234567")
SAMPLING = Sampling(temperature=0.7, top_p=0.92, max_tokens=240, seed=17)
SEED = Seed(id="s", sentence="x", category="Other", source="t")
ATTEMPTS = 8


@pytest.fixture
def machine(tmp_path):
    return load_params(ROOT / "params.yaml").machine.model_copy(update={"store": str(tmp_path / "s.sqlite")})


@pytest.fixture(autouse=True)
def no_cost(monkeypatch):
    monkeypatch.setattr(runner, "record_cost", lambda *_: None)


def asking(machine, *models, sampling=SAMPLING, attempts=ATTEMPTS):
    return Asking(models or (MODEL,), sampling, attempts, Engine(backend="transformers"), machine)


def rows(count, prompt=""):
    return [Row(f"r{i}", SEED, [{"role": "user", "content": f"{prompt}{i}"}]) for i in range(count)]


def only_good(row, answer):
    return {"story": answer.text} if answer.text == "good" else answer.text


def run(monkeypatch, machine, engine, count):
    monkeypatch.setattr(runner, "open_backend", lambda *_: engine)
    return ask_rows("test", rows(count), asking(machine), only_good)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=st.lists(st.integers(1, ATTEMPTS + 2), min_size=1, max_size=20))
def test_rows_are_conserved_and_tries_are_bounded(plan, monkeypatch, machine, tmp_path_factory):
    """Row i is answered well on try plan[i]; beyond the bound it is given up with the last reason."""
    store = str(tmp_path_factory.mktemp("store") / "s.sqlite")
    machine = machine.model_copy(update={"store": store})
    engine = FakeEngine(lambda id, time: "good" if time == plan[int(id[1:])] else "too_short")
    results = run(monkeypatch, machine, engine, len(plan))
    bound = ATTEMPTS
    assert set(results.accepted) == {f"r{i}" for i, good in enumerate(plan) if good <= bound}
    assert {row["id"] for row in results.dropped} == {f"r{i}" for i, good in enumerate(plan) if good > bound}
    assert all(row["reason"] == "too_short" for row in results.dropped)
    assert len(engine.asked) == sum(min(good, bound) for good in plan)
    metrics = results.metrics("test", len(plan), ("too_short",))
    assert metrics["rows_in"] == metrics["rows_out"] + sum(metrics["dropped"].values())
    assert list(results.accepted) == [f"r{i}" for i, good in enumerate(plan) if good <= bound]


def test_a_second_run_generates_nothing_and_says_the_same(monkeypatch, machine):
    say = lambda id, time: "good" if (int(id[1:]) + time) % 3 else "too_short"  # noqa: E731
    first_engine, second_engine = FakeEngine(say), FakeEngine(lambda *_: "never")
    first = run(monkeypatch, machine, first_engine, 12)
    second = run(monkeypatch, machine, second_engine, 12)
    assert second_engine.asked == []
    assert second.metrics("t", 12, ()) == first.metrics("t", 12, ())
    assert second.accepted == first.accepted


def test_added_rows_alone_are_generated(monkeypatch, machine):
    run(monkeypatch, machine, FakeEngine(lambda *_: "good"), 10)
    engine = FakeEngine(lambda *_: "good")
    run(monkeypatch, machine, engine, 14)
    assert sorted(engine.asked) == ["r10", "r11", "r12", "r13"]


def test_ten_more_seeds_a_raised_max_tokens_a_changed_prompt_and_back(monkeypatch, machine):
    """What issue B shows: only new rows, only cut rows, nothing old; and going back asks nothing."""
    asked = []

    class Cut(FakeEngine):
        """Cuts every fourth answer where max_tokens is under 300."""

        def complete(self, requests, sampling):
            for request in requests:
                asked.append(request.id)
                cut = int(request.id[1:]) % 4 == 0 and sampling.max_tokens < 300
                yield Completion(request.id, "good", "length" if cut else "stop", 7, sampling.max_tokens if cut else 50)

    def again(count=20, prompt="tell ", model=MODEL, **sampling):
        asked.clear()
        monkeypatch.setattr(runner, "open_backend", lambda *_: Cut(None))
        read = lambda row, answer: {"story": "x"} if answer.finish_reason == "stop" else "cut_at_max_tokens"  # noqa: E731
        how = asking(machine, model, sampling=SAMPLING.model_copy(update=sampling), attempts=1)
        return ask_rows("test", rows(count, prompt), how, read)

    def ids(*numbers):
        return {f"r{n}" for n in numbers}

    assert len(again().accepted) == 15 and set(asked) == ids(*range(20))
    again(30)
    assert set(asked) == ids(*range(20, 30))
    assert len(again(30, max_tokens=300).accepted) == 30 and set(asked) == ids(*range(0, 30, 4))
    again(30, prompt="say")
    assert len(asked) == 30
    again(30, model=Model("org/model", MODEL.revision[::-1]))
    assert len(asked) == 30
    for change in ({"temperature": 0.1}, {"top_p": 0.5}, {"seed": 99}):
        again(30, **change)
        assert len(asked) == 30
    again(30, max_tokens=300)
    assert asked == []


def test_a_mixture_loads_one_model_at_a_time_and_every_row_names_its_own(monkeypatch, machine):
    open_now = []

    class One(FakeEngine):
        def __init__(self, name):
            super().__init__(lambda id, time: "good" if time > 1 else "bad")
            assert not open_now, "two models at once"
            open_now.append(name)

        def close(self):
            open_now.clear()

    models = Model("org/a", MODEL.revision, weight=2), Model("org/b", MODEL.revision)
    monkeypatch.setattr(runner, "open_backend", lambda model, *_: One(model.name))
    results = ask_rows("test", rows(60), asking(machine, *models), only_good)
    assert list(results.accepted) == [row.id for row in rows(60)]
    assert results.model_of == {row.id: models[place_of(row.id, models)].name for row in rows(60)}
    assert set(results.model_of.values()) == {"org/a", "org/b"}


def test_costs_are_totals_over_resumes(monkeypatch, machine):
    recorded = []

    class Dies(FakeEngine):
        def complete(self, requests, sampling):
            for number, completion in enumerate(super().complete(requests, sampling)):
                if number == 5:
                    raise KeyboardInterrupt
                yield completion

    monkeypatch.setattr(runner, "record_cost", lambda step, figures: recorded.append(figures))
    for engine in (Dies(lambda *_: "good"), FakeEngine(lambda *_: "good")):
        monkeypatch.setattr(runner, "open_backend", lambda *_, engine=engine: engine)
        with contextlib.suppress(KeyboardInterrupt):
            ask_rows("test", rows(12), asking(machine), only_good)
        assert engine.closed == 1
    [figures] = recorded
    assert (figures["completion_tokens"], figures["prompt_tokens"]) == (12, 84)
    assert figures["cache_hits"] == 5
    assert figures["last_run"]["answers_written"] == 7
    assert figures["kwh"] is None


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project on a tiny random model, whose stories are accepted whatever they are."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("stages", "synthempathy", "prompts", "profiles"):
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
        "stages.brainstorm",
        "seeds.jsonl",
        "prompts/brainstorm/default.jinja",
        f"{out}/stories.jsonl",
        f"{out}/dropped.jsonl",
        f"{out}/metrics.json",
    ]


def outputs(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def test_fifty_kills_at_random_moments_end_with_the_same_bytes_and_each_row_once(project):
    """kill -9, 50 times, anywhere from the start of the program to its end; each time the same command goes on."""
    subprocess.run(command("whole"), cwd=project, check=True, capture_output=True)
    rows = stored(project)
    shutil.rmtree(project / ".synthempathy")
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "helpers" / "killed_runs.py"), "50", *command("killed")[3:]],
        cwd=project, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["killed"] == 50
    assert report["in_the_middle"] >= 10, "the kills missed the writing"
    assert outputs(project / "killed") == outputs(project / "whole")
    assert stored(project) == rows
    assert len({key for key, _ in rows}) == len(rows)


def stored(project: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(project / ".synthempathy/store.sqlite") as db:
        return db.execute("SELECT key, text FROM answers ORDER BY key").fetchall()


def test_sigterm_keeps_what_is_done_and_exits_143(project):
    shutil.rmtree(project / ".synthempathy", ignore_errors=True)
    process = subprocess.Popen(command("term"), cwd=project, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "by the store" in line:
            break
    process.send_signal(signal.SIGTERM)
    rest = process.communicate(timeout=60)[1]
    assert process.returncode in (143, 0)  # 0 only if it was done already
    assert "Traceback" not in rest
    assert process.returncode == 0 or "stopped by SIGTERM: finished rows are kept" in rest
    assert process.returncode == 0 or "are finished and kept in .synthempathy/store.sqlite" in rest
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
        [sys.executable, "-X", "importtime", "-m", "stages.respond", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "explanations" in done.stdout
    assert "torch" not in done.stderr
