"""Several engines on this machine: one load each over all calls, a death costs rows in flight, bounded, in one line."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter, deque
from itertools import islice
from multiprocessing import Pipe
from pathlib import Path
from threading import Thread

import psutil
import pytest

from synthempathy.core.errors import ModelError
from synthempathy.llm.backends import Completion, Failure, open_backend, replicas, replicas_local, worker
from synthempathy.llm.backends.replicas import TRIES, Replicas, _Worker
from synthempathy.llm.backends.worker import PREFETCH
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Sampling, Server
from synthempathy.project.params import load_params
from tests.helpers.engine_contract import by_id, rows
from tests.helpers.flaky_server import FlakyServer, a_third_fails
from tests.helpers.tiny_model import save_tiny_model

ROOT = Path(__file__).parents[3]
PARAMS = load_params(ROOT / "params.yaml")
SAMPLING = Sampling(temperature=0.9, top_p=0.95, max_tokens=24, seed=1)


def machine(**changed):
    return PARAMS.machine.model_copy(update={"device": "cpu", "batch_size": 4, "replicas": 2} | changed)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(save_tiny_model(tmp_path_factory.mktemp("tiny")))


def test_each_worker_loads_once_and_one_that_is_killed_costs_no_row(model):
    alone = by_id(open_backend(Model(model), PARAMS.engine, machine(replicas=1)).complete(rows(), SAMPLING))
    engine = open_backend(Model(model), PARAMS.engine, machine())
    try:
        for _ in range(3):
            assert by_id(engine.complete(rows(), SAMPLING)) == alone
        assert engine.loads <= 2
        before = engine.loads
        outcomes = engine.complete(rows(), SAMPLING)
        found = [next(outcomes)]
        killed = psutil.Process(engine._places._running[0].pid)
        killed.kill()
        found.extend(outcomes)
        assert by_id(found) == alone
        assert before <= engine.loads <= 3
    finally:
        family = psutil.Process().children(recursive=True)
        engine.close()
    assert not [one for one in family if one.is_running() and "spawn_main" in " ".join(one.cmdline())]


def test_a_death_costs_the_rows_in_flight_and_no_finished_one(model, monkeypatch):
    """Of each of three: those alone are begun again that it had not answered, and no more than it holds at once."""
    begun, tell, asked = Counter(), replicas._tell, rows(60)

    def counted(worker, *message):
        if message[0] == "row":
            begun[message[2].id] += 1
        tell(worker, *message)

    engine = open_backend(Model(model), PARAMS.engine, machine())
    try:
        while engine.loads < 2:  # so that both have rows
            list(engine.complete(rows(8), SAMPLING))
        alone = by_id(engine.complete(asked, SAMPLING))
        monkeypatch.setattr(replicas, "_tell", counted)
        outcomes, found = engine.complete(asked, SAMPLING), []
        for _ in range(3):
            found.extend(islice(outcomes, 5))
            before = begun.copy()
            engine._places._running[0].kill()
            found.extend(islice(outcomes, 10))
            again = {row for row in before if begun[row] > before[row]}
            assert len(again) <= machine().batch_size + PREFETCH
            assert not again & {one.id for one in found[:-10]}
        found.extend(outcomes)
        assert by_id(found) == alone
        assert sum(begun.values()) > len(asked), "no kill met a row in flight"
    finally:
        engine.close()


def test_a_worker_begins_with_a_full_batch_though_rows_come_one_by_one(monkeypatch):
    batches = []

    class Batches:
        version = "1"

        def complete(self, requests, sampling):
            batches.append(len(requests))
            yield from (Completion(request.id, "", "stop", 1, 1) for request in requests)

        def close(self):
            pass

    monkeypatch.setattr(worker, "open_backend", lambda *_: Batches())
    here, there = Pipe()
    serving = Thread(target=worker.serve, args=(there, (Model("m"), PARAMS.engine, machine())))
    serving.start()
    assert here.recv() == ("ready", 4 + PREFETCH)
    here.send(("begin", 1, SAMPLING, 10, 0))
    for row in rows(10):
        here.send(("row", 1, row))
        time.sleep(0.02)
    here.send(("end", 1))
    told = [here.recv()[0] for _ in range(11)]
    here.send(("close",))
    serving.join()
    assert told == ["done"] * 10 + ["idle"]
    assert batches == [4, 4, 2]


LOADING = """
import threading, time
from multiprocessing import Pipe
from synthempathy.llm.backends import worker

worker.open_backend = lambda *_: time.sleep(600)
here, there = Pipe()
threading.Timer(0.5, there.close).start()
worker.serve(here, (None, None, None))
"""


def test_a_worker_whose_step_is_gone_does_not_load_on():
    """A model takes minutes to load, and the memory that the same command wants when it is started again."""
    ended = subprocess.run(
        [sys.executable, "-c", LOADING], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=200, check=False,
    )
    assert ended.returncode == 1


class Nowhere:
    name, suffix = "nowhere", ""

    def __init__(self):
        self.started = 0

    def start(self):
        self.started += 1

    def connected(self):
        """Each worker that comes dies as it is given its first row."""
        here, there = Pipe()
        there.send(("ready", 2))
        there.close()
        return [here]

    def close(self):
        pass


def test_rows_of_which_every_worker_dies_are_not_begun_for_ever():
    places = Nowhere()
    with pytest.raises(ModelError, match="5 workers died") as caught:
        list(Replicas(places, 1, "transformers", local_weights=True).complete(rows(3), SAMPLING))
    assert len(str(caught.value).splitlines()) == 1
    assert places.started <= TRIES * 2


class Unlucky(Nowhere):
    """Of its workers four die as they load, the fifth as it writes, and so again; the last lives."""

    def connected(self):
        here, there = Pipe()
        if self.started % TRIES == 0:
            there.send(("ready", 1))
        if self.started == 3 * TRIES:
            self.last = there
            there.send(("done", 1, Completion("row-0", "x", "stop", 1, 1), "1", 0))
        else:
            there.close()
        return [here]


def test_deaths_while_loading_are_counted_from_the_last_worker_that_had_loaded():
    """So that in a long run, on machines that may be taken away, any number may die, if others come to write."""
    places = Unlucky()
    engine = Replicas(places, 1, "transformers", local_weights=True)
    assert list(by_id(engine.complete(rows(1), SAMPLING))) == ["row-0"]
    assert places.started == 3 * TRIES


def test_rows_that_a_worker_passes_over_end_the_step_in_one_line():
    here, there = Pipe()
    engine = Replicas(Nowhere(), 1, "vllm", local_weights=True)
    engine._workers.append(_Worker(here, room=9, rows={row.id: row for row in rows(2)}, begun=1))
    there.send(("idle", 0))
    with pytest.raises(ModelError, match=r"^a worker nowhere left 2 rows unanswered, first row-0; run again$"):
        engine._news(engine._workers[0])


def test_a_row_that_kills_is_named():
    engine, deaths, waiting = Replicas(Nowhere(), 1, "vllm", local_weights=True), Counter(), deque(rows(2))
    with pytest.raises(ModelError, match=r"^row row-0: each of 5 workers died while it wrote this row and 1 more"):
        while True:
            lost = {row.id: row for row in waiting}
            waiting.clear()
            engine._workers.append(_Worker(Pipe()[0], rows=lost))
            engine._bury(engine._workers[0], waiting, deaths, "")
            assert [row.id for row in waiting] == ["row-0", "row-1"]


def test_gpus_and_cores_are_dealt_out(monkeypatch):
    monkeypatch.setattr(replicas_local, "visible_gpus", lambda machine: list("01234567"))
    wide = machine(vllm=PARAMS.machine.vllm.model_copy(update={"tensor_parallel_size": 2}))
    places = replicas_local.LocalPlaces((Model("m"), Engine(backend="vllm"), wide), 4)
    assert [names for names, _ in places._shares] == [["0", "1"], ["2", "3"], ["4", "5"], ["6", "7"]]


@pytest.fixture
def asking(monkeypatch):
    """Two workers that ask one server; each is a process of its own."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    opened = []

    def start(server, **speed):
        quick = {"concurrency": 4, "backoff_seconds": 0.01, "backoff_cap_seconds": 0.05, "timeout_seconds": 1.0}
        here = machine(openai=PARAMS.machine.openai.model_copy(update=quick | speed))
        engine = Engine(backend="openai", openai=Server(base_url=server.url))
        opened.append(replicas_local.open_replicas(Model("org/model"), engine, here, 2))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def test_a_server_a_third_of_whose_answers_fail_costs_no_row_of_two_workers(asking):
    with FlakyServer(a_third_fails(seed=5)) as server:
        engine = asking(server, max_retries=20)
        found = by_id(engine.complete(rows(24), SAMPLING))
        assert sorted(found) == sorted(row.id for row in rows(24))
        assert all(isinstance(outcome, Completion) for outcome in found.values())
        assert engine.retries == server.requests - 24 > 0


def test_workers_know_that_rows_were_answered_before(asking):
    """What a server says of a parameter is the fault of all rows, unless rows asked the same way were answered."""
    with FlakyServer(lambda row, number: "400", says="unsupported parameter: seed") as server:
        with pytest.raises(ModelError, match="HTTP 400"):
            list(asking(server).complete(rows(1), SAMPLING))
        engine = asking(server)
        engine.answered_before(100)
        [refused] = engine.complete(rows(1), SAMPLING)
        assert isinstance(refused, Failure) and refused.reason == "refused_by_server"
