"""What is found before the first row: a server that is away or serves another model, no room, no package. (GPUs: test_gpus.py)"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from synthempathy.core.errors import ModelError
from synthempathy.llm import reachable
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Server, VllmSettings
from synthempathy.project.params import load_params
from tests.helpers.json_server import JsonHandler, serving

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    reachable._asked.cache_clear()


@contextmanager
def server_of_models(status: int, answer: Any) -> Iterator[Server]:
    class Handler(JsonHandler):
        def do_GET(self) -> None:
            self.answer(status if self.path == "/v1/models" else 404, answer)

    with serving(Handler) as url:
        yield Server(base_url=url)


SERVED = {"data": [{"id": "org/model", "max_model_len": 512}, {"id": "adapter"}]}


@pytest.mark.parametrize(("status", "answer"), [
    (200, SERVED), (404, {}), (405, {"detail": "no"}), (200, "nothing of the kind"), (200, {"data": [3]}), (500, {}),
])
def test_a_server_that_serves_it_or_does_not_say_is_no_finding(status: int, answer: Any) -> None:
    with server_of_models(status, answer) as server:
        reachable.check_server(server, "org/model", 100)


@pytest.mark.parametrize(("name", "max_tokens", "status", "said"), [
    ("org/other", 100, 200, "serves no org/other; it serves adapter, org/model"),
    ("org/model", 512, 200, "a context of 512 tokens: no room"),
    ("org/model", 100, 401, r"refuses the key .* from OPENAI_API_KEY, which is not set"),
])
def test_what_is_wrong_with_a_server_is_said_in_a_line(name: str, max_tokens: int, status: int, said: str) -> None:
    with server_of_models(status, SERVED) as server, pytest.raises(ModelError, match=said):
        reachable.check_server(server, name, max_tokens)


def test_what_a_server_says_of_itself_is_read_to_a_bound_and_quoted_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    key = "sk-live-Zq81vX0tTn55"
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with server_of_models(200, {"data": [{"id": f"{key}\n{'x' * 10**6}"}]}) as server:
        with pytest.raises(ModelError, match=r"it serves \[key\] x+\.\.\.$") as caught:
            reachable.check_server(server, "org/model", 1)
        assert len(str(caught.value)) < 400
    monkeypatch.setattr("synthempathy.llm.backends.openai_bounds._MOST_OF_ITSELF", 1000)
    for answer in ({"data": [{"id": "x" * 2000}]}, json.loads("[" * 900 + "]" * 900)):
        reachable._asked.cache_clear()
        with server_of_models(200, answer) as server:
            reachable.check_server(server, "org/model", 1)  # does not say


def test_a_server_that_is_away_is_found() -> None:
    with server_of_models(200, SERVED) as server:
        pass
    with pytest.raises(ModelError, match=r"^no server at "):
        reachable.check_server(server, "org/model", 1)


def test_the_adapter_is_asked_for_by_its_name_there() -> None:
    machine = load_params(ROOT / "params.yaml").machine
    with server_of_models(200, SERVED) as server:
        engine = Engine(backend="openai", openai=server)
        for check in reachable.checks_of(Model("org/base", adapter=Path("a"), served_as="adapter"), engine, machine, 9):
            check()


def test_packages_and_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine = load_params(ROOT / "params.yaml").machine
    engine = Engine(backend="vllm", vllm=VllmSettings(quantization="bitsandbytes"))
    monkeypatch.setattr(reachable, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"vllm is not installed; make install EXTRAS=vllm"):
        reachable.check_installed(engine, machine)
    monkeypatch.setattr(reachable, "find_spec", lambda name: None if name == "bitsandbytes" else object())
    with pytest.raises(ModelError, match="bitsandbytes"):
        reachable.check_installed(engine, machine)
    monkeypatch.setattr(reachable, "ROOM", 10**18)
    with pytest.raises(ModelError, match="MB are free"):
        reachable.check_room(tmp_path / "not" / "there")
