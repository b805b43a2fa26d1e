"""One vLLM on the embedded model for all tests of this folder: each start takes most of a minute on two cores."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine
from synthempathy.project.params import load_params

ROOT = Path(__file__).parents[2]
PARAMS = load_params(ROOT / "params.yaml")


@pytest.fixture(scope="session")
def settings():
    """Of the sections `engine` and `machine`, for a small model in float32, so that its draws can be compared."""
    vllm = PARAMS.machine.vllm.model_copy(update={"gpu_memory_utilization": 0.5, "enforce_eager": True, "max_num_seqs": 8})
    machine = {"batch_size": 16, "device": "auto", "executor": "local", "vllm": vllm}
    return Engine(backend="vllm"), PARAMS.machine.model_copy(update=machine)


@pytest.fixture(scope="session")
def embedded():
    return str(ROOT / "models" / "embedded")


@pytest.fixture(scope="session")
def engine(settings, embedded):
    if importlib.util.find_spec("vllm") is None:
        pytest.skip("no vllm here; .ci/install-engines makes .venv-engines")
    from synthempathy.llm.backends import open_backend

    engine = open_backend(Model(embedded), *settings)
    yield engine
    engine.close()
    engine.close()
