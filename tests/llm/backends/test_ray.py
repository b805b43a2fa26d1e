"""Ray on a cluster of two workers: one is killed midway; the key stays out of logs; it stops and fails in one line."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from synthempathy.core.errors import ModelError
from synthempathy.llm.backends import Completion, open_backend
from synthempathy.llm.backends import ray as module
from synthempathy.llm.backends.ray_cluster import start_cluster
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Sampling, Server
from synthempathy.project.params import load_params
from tests.helpers.engine_contract import by_id, rows
from tests.helpers.flaky_server import FlakyServer, a_third_fails, always
from tests.helpers.tiny_model import save_tiny_model

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")  # Ray warns of its own defaults
ROOT = Path(__file__).parents[3]
PARAMS = load_params(ROOT / "params.yaml")
SAMPLING = Sampling(temperature=0.9, top_p=0.95, max_tokens=24, seed=1)
KEY = "sk-live-Zq81vX0tTn55"


def machine(openai=None, **changed):
    workers = {"address": None, "workers": 2} | changed
    return PARAMS.machine.model_copy(update={
        "device": "cpu", "executor": "ray", "ray": PARAMS.machine.ray.model_copy(update=workers),
        "openai": PARAMS.machine.openai.model_copy(update=openai or {}),
    })


def server_engine(url, **changed):
    return Engine(backend="openai", openai=Server(base_url=url, **changed))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(save_tiny_model(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def engine(model):
    """It starts the cluster, which the other engines of this module join, with the key in its surroundings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THEIR_KEY", KEY)
        patch.setenv("NO_PROXY", "127.0.0.1")
        engine = open_backend(Model(model), PARAMS.engine, machine())
    yield engine
    engine.close()


@contextmanager
def within(seconds):
    """TimeoutError in what would else wait without end."""
    def ring(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def worker_processes():
    family = psutil.Process().children(recursive=True)
    return [process for process in family if "_Actor" in " ".join([process.name(), *process.cmdline()])]


def test_a_worker_that_is_killed_midway_costs_no_row_and_changes_none(engine, model):
    outcomes, found = engine.complete(rows(), SAMPLING), []
    found.append(next(outcomes))
    before = worker_processes()
    assert len(before) == 2
    assert all(one.nice() < psutil.Process().nice() + 15 for one in before)  # Ray's own, by which other work starves them
    before[0].send_signal(signal.SIGKILL)
    found.extend(outcomes)
    local = open_backend(Model(model), PARAMS.engine, machine().model_copy(update={"executor": "local"}))
    assert by_id(found) == by_id(local.complete(rows(), SAMPLING))
    assert not before[0].is_running() or before[0].status() == psutil.STATUS_ZOMBIE  # dead, if nobody has asked yet


def test_a_worker_that_dies_before_it_is_connected_is_started_anew(engine, model, tmp_path, monkeypatch):
    mark = tmp_path / "killed"

    class DiesFirst:
        def work(self, *given):
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            module._Actor().work(*given)

    monkeypatch.setattr(module, "_Actor", DiesFirst)
    alone = open_backend(Model(model), PARAMS.engine, machine(workers=1))
    with within(200):
        assert sorted(by_id(alone.complete(rows(8), SAMPLING))) == sorted(row.id for row in rows(8))
    assert mark.exists()
    alone.close()


def test_a_stranger_who_hangs_up_shuts_no_worker_out(engine, model):
    alone = open_backend(Model(model), PARAMS.engine, machine(workers=1))
    for _ in range(3):
        socket.create_connection(alone._places._listener.address).close()
    with within(200):
        assert sorted(by_id(alone.complete(rows(8), SAMPLING))) == sorted(row.id for row in rows(8))
    alone.close()


def test_the_key_reaches_the_workers_and_no_log(engine):
    import ray

    with FlakyServer(lambda row, number: "500" if number == 1 and row.endswith("3.") else "ok") as server:
        asking = open_backend(
            Model("org/model"), server_engine(server.url, api_key_env="THEIR_KEY"), machine({"backoff_seconds": 0.01}),
        )
        found = by_id(asking.complete(rows(8), SAMPLING))
        asking.close()
    assert sorted(found) == sorted(row.id for row in rows(8))
    assert all(isinstance(outcome, Completion) for outcome in found.values())
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert asking.retries == server.requests - 8 == 1
    assert asking.version == f"openai flaky-1.0 on ray {ray.__version__}"
    logs = Path(ray._private.worker._global_node.get_logs_dir_path())
    assert not [path for path in logs.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


def test_a_server_a_third_of_whose_answers_fail_costs_no_row_of_two_workers(engine):
    quick = {"max_retries": 20, "backoff_seconds": 0.01, "backoff_cap_seconds": 0.05, "timeout_seconds": 1.0}
    with FlakyServer(a_third_fails(seed=5)) as server:
        asking = open_backend(Model("org/model"), server_engine(server.url), machine(quick))
        found = by_id(asking.complete(rows(24), SAMPLING))
        asking.close()
    assert sorted(found) == sorted(row.id for row in rows(24))
    assert all(isinstance(outcome, Completion) for outcome in found.values())
    assert asking.retries == server.requests - 24 > 0


def test_a_server_that_is_not_there_is_one_line(engine):
    with FlakyServer(always("ok")) as server:
        gone = server.url
    asking = open_backend(Model("m"), server_engine(gone), machine({"max_retries": 0}))
    with pytest.raises(ModelError, match=f"^no server at {gone}") as caught:
        list(asking.complete(rows(8), SAMPLING))
    asking.close()
    assert len(str(caught.value).splitlines()) == 1


def test_gpus_are_reserved_by_what_the_engine_takes_and_a_contradiction_is_named():
    wide = PARAMS.machine.vllm.model_copy(update={"tensor_parallel_size": 2})
    auto = machine().model_copy(update={"device": "auto", "vllm": wide})
    vllm, here = Engine(backend="vllm"), Engine(backend="transformers")
    assert [module.gpus_per_worker(vllm, auto, there) for there in (0, 8)] == [0, 2]
    assert [module.gpus_per_worker(here, auto, there) for there in (0, 8)] == [0, 1]
    assert module.gpus_per_worker(server_engine("http://a/v1"), auto, 8) == 0
    wrong = auto.model_copy(update={"ray": auto.ray.model_copy(update={"gpus_per_worker": 1})})
    with pytest.raises(ModelError, match=r"gpus_per_worker is 1, but machine\.vllm\.tensor_parallel_size is 2; "):
        module.gpus_per_worker(vllm, wrong, 8)


def test_no_requests_no_workers(engine):
    assert list(engine.complete([], SAMPLING)) == []


PROGRAM = """
import sys
from contextlib import contextmanager
from pathlib import Path
from synthempathy.core.command import guarded
from synthempathy.project.params import load_params
from synthempathy.llm.params import Engine, Sampling, Server
from synthempathy.llm.loading import Model
from synthempathy.llm.backends import Request, open_backend

params = load_params(Path("params.yaml"))
ray = params.machine.ray.model_copy(update={"workers": 1, "gpus_per_worker": int(sys.argv[2])})
engine = Engine(backend="openai", openai=Server(base_url=sys.argv[1]))
requests = [Request(str(i), [{"role": "user", "content": f"row {i}"}], i) for i in range(9)]

def work():
    loaded = open_backend(
        Model("m"), engine,
        params.machine.model_copy(update={"executor": "ray", "ray": ray}),
    )
    answers = loaded.complete(requests, Sampling(temperature=1.0, top_p=1.0, max_tokens=9, seed=1))
    for answer in answers:
        print(answer.id, flush=True)

guarded(work)
"""


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_program_ends_cleanly_when_it_is_stopped(stop, code):
    """One line, the right exit code, no process left; whoever presses Ctrl-C signals the whole group."""
    first = iter(["ok"])
    with FlakyServer(lambda row, number: next(first, "stall")) as server:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, server.url, "0"], cwd=ROOT, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        try:
            assert process.stdout.readline().strip().isdigit()
            family = psutil.Process(process.pid).children(recursive=True)
            if stop == signal.SIGINT:
                os.killpg(process.pid, stop)
            else:
                process.send_signal(stop)
            _, err = process.communicate(timeout=120)
        finally:
            process.kill()
            process.wait()
    assert process.returncode == code
    assert len(err.splitlines()) == 1, err
    assert err.startswith("stopped by ")
    assert not psutil.wait_procs(family, timeout=30)[1]


def test_more_than_there_is_is_refused_in_one_line():
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, "http://127.0.0.1:9/v1", "64"], cwd=ROOT, text=True, check=False,
        capture_output=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=120,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: machine.ray wants 1 x 1 CPU and 1 x 64 GPU, but Ray sees 2 and ")
    assert len(ended.stderr.splitlines()) == 1


def test_a_cluster_that_is_not_there_is_one_line(model):
    with socket.socket() as taken:  # bound, never listening
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ModelError, match=f"no Ray cluster at {address}: ConnectionRefused") as caught:
            start_cluster(machine(address=address).ray)
    assert len(str(caught.value).splitlines()) == 1


def test_a_busy_machine_gets_another_start(monkeypatch):
    import ray

    slow = iter([Exception("The current node timed out during startup."), None])

    def init(**_):
        if error := next(slow):
            raise error

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setattr(ray, "cluster_resources", lambda: {"CPU": 3.0})
    assert start_cluster(machine().ray) == (True, {"CPU": 3.0})
    assert not list(slow)


def test_without_ray_it_says_how_to_install_it(model, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"make install EXTRAS=ray"):
        open_backend(Model(model), PARAMS.engine, machine())


def test_a_model_path_that_does_not_exist_starts_no_cluster(monkeypatch):
    monkeypatch.setattr(module, "start_cluster", lambda _: pytest.fail("started"))
    with pytest.raises(ModelError, match="does not exist"):
        open_backend(Model("models/absent"), PARAMS.engine, machine())
