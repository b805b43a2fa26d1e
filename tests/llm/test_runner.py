"""Asking rows: conservation, a bounded number of tries, nothing asked twice, costs over resumes, a server that fails."""

import contextlib
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthempathy.core.records import Seed
from synthempathy.generation.checks import REASONS
from synthempathy.llm import runner
from synthempathy.llm.backends import Completion
from synthempathy.llm.backends.replicas_local import open_replicas
from synthempathy.llm.loading import Model
from synthempathy.llm.mixture import place_of
from synthempathy.llm.params import Engine, Sampling, Server
from synthempathy.llm.runner import Asking, Row, ask_rows
from synthempathy.llm.store import Store
from synthempathy.project.params import load_params
from tests.helpers.flaky_server import FAULTS, FlakyServer

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
ENGINE = Engine(backend="transformers")
ATTEMPTS = 8
KEY = "sk-live-Zq81vX0tTn55"


@pytest.fixture
def machine(tmp_path):
    return load_params(ROOT / "params.yaml").machine.model_copy(update={"store": str(tmp_path / "s.sqlite")})


@pytest.fixture(autouse=True)
def no_cost(monkeypatch):
    monkeypatch.setattr(runner, "record_cost", lambda *_: None)


def asking(machine, *models, sampling=SAMPLING, attempts=ATTEMPTS, engine=ENGINE):
    return Asking(models or (MODEL,), sampling, attempts, engine, machine)


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


#: Without those whose waiting is the point: they are tested by the backend's own tests, on a clock of their own.
QUICK = sorted(set(FAULTS) - {"429_seconds", "429_date", "503_seconds", "stall", "drip"})


def a_third_fails_quickly(row, number):
    draws = random.Random(f"7 {row} {number}")
    return draws.choice(QUICK) if draws.random() < 1 / 3 else "ok"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_that_fails_costs_no_row_its_end_no_request_beyond_the_bound_and_shows_no_key(
    machine, tmp_path, monkeypatch, workers
):
    if workers > 1:
        opened = lambda model, engine, machine: open_replicas(model, engine, machine, workers)  # noqa: E731
        monkeypatch.setattr(runner, "open_backend", opened)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    recorded = []
    monkeypatch.setattr(runner, "record_cost", lambda step, figures: recorded.append(figures))
    count, attempts, retries = 120, 2, 1
    wanted = rows(count, "row ")
    speed = {"max_retries": retries, "backoff_seconds": 0.001, "backoff_cap_seconds": 0.01}
    machine = machine.model_copy(update={"openai": machine.openai.model_copy(update=speed)})

    def read(row, answer):
        """As a check would: an answer by an even seed is too short."""
        return {"story": answer.text} if int(answer.text.rsplit(" ", 1)[1]) % 2 else "too_short"

    with FlakyServer(a_third_fails_quickly) as server:
        engine = Engine(backend="openai", openai=Server(base_url=server.url))
        how = asking(machine, Model("any"), attempts=attempts, engine=engine)
        first = ask_rows("test", wanted, how, read)
        asked = server.requests
        again = ask_rows("test", wanted, how, read)

    metrics = first.metrics("test", count, REASONS)
    dropped = {reason: number for reason, number in metrics["dropped"].items() if number}
    assert metrics["rows_out"] + sum(dropped.values()) == count
    assert {"too_short", "server_error", "bad_response"} <= set(dropped)
    assert all(row["reason"] in dropped and row["detail"] for row in first.dropped)
    assert count <= asked <= count * attempts * (1 + retries)
    assert recorded[0]["retries"] == asked - count
    # what failed is asked again by the next run, what was answered is not
    assert set(first.accepted) <= set(again.accepted)
    assert server.requests - asked <= (count - metrics["rows_out"]) * attempts * (1 + retries)
    with Store(tmp_path / "s.sqlite") as store:
        assert len(set(store.keys())) == len(store.keys()) >= metrics["rows_out"]
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.iterdir())
