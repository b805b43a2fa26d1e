"""Servers as strict as four vendors' are served by params alone, and without them say what to set."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from synthempathy.core.errors import ModelError
from synthempathy.llm.backends import Completion, Request
from synthempathy.llm.backends.openai import OpenaiBackend
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Sampling, Server
from synthempathy.project.params import load_params
from tests.helpers.json_server import JsonHandler, serving

MACHINE = load_params(Path(__file__).parents[3] / "params.yaml").machine
SAMPLING = Sampling(temperature=0.7, top_p=0.9, max_tokens=24, seed=1)
MESSAGES = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "I missed the bus."}]

Body = dict[str, Any]
#: What a server says to a body that it refuses; None for one that it takes.
Rule = Callable[[Body], str | None]


def no_max_tokens(body: Body) -> str | None:
    if "max_tokens" in body:
        return "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    return None if body.get("max_completion_tokens") == 24 else "Missing required parameter: 'max_completion_tokens'"


def one_of_the_two(body: Body) -> str | None:
    both = {"temperature", "top_p"} <= body.keys()
    return "`temperature` and `top_p` cannot both be specified for this model. Please use only one." if both else None


def no_seed(body: Body) -> str | None:
    return 'Invalid JSON payload received. Unknown name "seed": Cannot find field.' if "seed" in body else None


def no_system_turn(body: Body) -> str | None:
    system = any(message["role"] == "system" for message in body["messages"])
    return "Developer instruction is not enabled: System role not supported" if system else None


@contextmanager
def strict(rule: Rule) -> Iterator[tuple[str, list[Body]]]:
    taken: list[Body] = []

    class Handler(JsonHandler):
        def do_POST(self) -> None:
            body = self.body()
            if (refused := rule(body)) is not None:
                self.answer(400, {"error": {"message": refused}})
                return
            taken.append(body)
            self.answer(200, {
                "model": body["model"], "usage": {"prompt_tokens": 9, "completion_tokens": 2},
                "choices": [{"message": {"role": "assistant", "content": "I hear you."}, "finish_reason": "stop"}],
            })

    with serving(Handler) as url:
        yield url, taken


@pytest.mark.parametrize(("rule", "settings"), [
    (no_max_tokens, {"rename": {"max_tokens": "max_completion_tokens"}}), (one_of_the_two, {"leave_out": ["top_p"]}),
    (no_seed, {"leave_out": ["seed"]}), (no_system_turn, {"fold_system": True}),
])
def test_a_strict_server_is_served_by_params_alone(
    rule: Rule, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    asked = [Request(f"row-{i}", MESSAGES, i) for i in range(3)]
    with strict(rule) as (url, taken):
        with pytest.raises(ModelError, match=r"HTTP 400: .*; see leave_out, rename.* of engine\.openai"):
            plain = Engine(backend="openai", openai=Server(base_url=url))
            list(OpenaiBackend(Model("m"), plain, MACHINE).complete(asked, SAMPLING))
        assert not taken
        engine = Engine(backend="openai", openai=Server(base_url=url, **settings))
        found = list(OpenaiBackend(Model("m"), engine, MACHINE).complete(asked, SAMPLING))
    assert sorted(one.id for one in found) == ["row-0", "row-1", "row-2"] and len(taken) == 3
    assert all(isinstance(one, Completion) and one.text == "I hear you." for one in found)
    assert "Be kind." in json.dumps(taken[0]["messages"])
