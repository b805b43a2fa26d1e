"""How many engines of a model a machine runs: as many as its GPUs hold; what they cannot hold is refused in a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from synthempathy.core.errors import ModelError
from synthempathy.llm.backends import gpus
from synthempathy.llm.params import Engine, Machine
from synthempathy.project.params import load_params

PARAMS = load_params(Path(__file__).parents[3] / "params.yaml")
VLLM, HERE, SERVER = (Engine(backend=name) for name in ("vllm", "transformers", "openai"))


def machine(replicas: int | None, wide: int = 1, **changed: Any) -> Machine:
    vllm = PARAMS.machine.vllm.model_copy(update={"tensor_parallel_size": wide})
    return PARAMS.machine.model_copy(update={"replicas": replicas, "vllm": vllm} | changed)


@pytest.fixture
def eight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 8)


@pytest.mark.parametrize(("engine", "replicas", "wide", "engines"), [
    (VLLM, None, 2, 4), (VLLM, 3, 2, 3), (VLLM, None, 1, 8), (VLLM, 1, 8, 1), (HERE, None, 4, 8), (HERE, 8, 4, 8),
    (SERVER, None, 4, 1), (SERVER, 30, 30, 1),
])
def test_as_many_engines_as_the_gpus_hold(eight: None, engine: Engine, replicas: int | None, wide: int, engines: int) -> None:
    gpus.check_gpus(engine, machine(replicas, wide))
    assert gpus.engines_wanted(engine, machine(replicas, wide)) == engines


@pytest.mark.parametrize(("engine", "replicas", "wide", "said"), [
    (VLLM, 5, 2, r"machine\.replicas is 5, each 2 GPU wide, but there are 8 GPU; "),
    (VLLM, None, 16, r"machine\.vllm\.tensor_parallel_size is 16, but there are 8 GPU; "),
    (VLLM, 1, 16, r"machine\.vllm\.tensor_parallel_size is 16, but there are 8 GPU; "),
    (HERE, 9, 1, r"machine\.replicas is 9, each 1 GPU wide, but there are 8 GPU; "),
])
def test_more_than_there_are_is_refused_before_anything_is_loaded(
    eight: None, engine: Engine, replicas: int | None, wide: int, said: str
) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        gpus.check_gpus(engine, machine(replicas, wide))
    assert len(str(caught.value).splitlines()) == 1
    gpus.check_gpus(engine, machine(replicas, wide, executor="ray"))  # a cluster has more
    gpus.check_gpus(engine, machine(replicas, wide, device="cpu"))


def test_the_gpus_are_those_that_the_process_may_see(eight: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert gpus.visible_gpus(machine(None)) == list("01234567")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4, 6")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert gpus.visible_gpus(machine(None)) == ["4", "6"]
    assert gpus.engines_wanted(VLLM, machine(None)) == 2


def test_on_a_cpu_there_is_one_unless_more_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    assert [gpus.engines_wanted(HERE, machine(replicas)) for replicas in (None, 1, 3)] == [1, 1, 3]
    assert gpus.engines_wanted(VLLM, machine(2, 2)) == 2
