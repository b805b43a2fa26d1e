"""The contract of the engines: transformers, two replicas of it, Ray over it, and the HTTP engines before servers of our own."""

from __future__ import annotations

from pathlib import Path

import pytest

from synthempathy.llm.backends import open_backend
from synthempathy.llm.backends.openai import OpenaiBackend
from synthempathy.llm.backends.openai_batch import OpenaiBatchBackend
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Server
from synthempathy.project.params import load_params
from tests.helpers.batch_server import BatchServer
from tests.helpers.engine_contract import CONTRACT, SERVED, Subject, name_of
from tests.helpers.flaky_server import FlakyServer
from tests.helpers.tiny_model import save_tiny_model

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")  # Ray warns of its own defaults
PARAMS = load_params(Path(__file__).parents[3] / "params.yaml")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(save_tiny_model(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module", params=["local", "replicas", "ray"])
def subject(request, model):
    workers = PARAMS.machine.ray.model_copy(update={"address": None, "workers": 2})
    machine = PARAMS.machine.model_copy(
        update={"device": "cpu", "batch_size": 8, "executor": "ray" if request.param == "ray" else "local", "ray": workers,
                "replicas": 2 if request.param == "replicas" else 1},
    )
    engine = open_backend(Model(model), PARAMS.engine, machine)
    yield Subject(engine, model, max_tokens=24)
    engine.close()
    engine.close()


@pytest.mark.parametrize("promise", CONTRACT, ids=name_of)
def test_contract(subject, promise):
    promise(subject)


@pytest.fixture(scope="module")
def served(model):
    """The server refuses what is over-long, as real ones do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        with FlakyServer(lambda row, number: "400" if len(row) > 5000 else "ok") as server:
            engine = Engine(backend="openai", openai=Server(base_url=server.url))
            speed = PARAMS.machine.openai.model_copy(update={"concurrency": 4})
            machine = PARAMS.machine.model_copy(update={"openai": speed})
            yield Subject(OpenaiBackend(Model("org/model"), engine, machine), model, max_tokens=24)


@pytest.mark.parametrize("promise", SERVED, ids=name_of)
def test_contract_behind_a_server(served, promise):
    promise(served)


@pytest.fixture(scope="module")
def by_batches(model, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        with BatchServer(lambda row, number: "400" if len(row) > 5000 else "ok") as server:
            engine = Engine(backend="openai_batch", openai=Server(base_url=server.url))
            store = tmp_path_factory.mktemp("batches") / "store.sqlite"
            batching = PARAMS.machine.openai_batch.model_copy(update={"poll_seconds": 0.01, "max_requests": 10})
            machine = PARAMS.machine.model_copy(update={"openai_batch": batching, "store": str(store)})
            engine = OpenaiBatchBackend(Model("org/model"), engine, machine)
            yield Subject(engine, model, max_tokens=24)
            engine.close()
            engine.close()


@pytest.mark.parametrize("promise", SERVED, ids=name_of)
def test_contract_behind_a_batch_api(by_batches, promise):
    promise(by_batches)
