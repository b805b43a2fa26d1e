"""A prompt that has no room beside its answer is found by what is here: config, tokenizer, or what the server says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from synthempathy.core.errors import ModelError
from synthempathy.llm.context import check_context
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Server, VllmSettings
from tests.helpers.json_server import JsonHandler, serving
from tests.helpers.tiny_model import save_tiny_model

MESSAGES = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "I missed the bus. " * 20}]
HERE = Engine(backend="transformers")


def test_a_folders_config_and_tokenizer_say_it(tmp_path: Path) -> None:
    model = Model(str(save_tiny_model(tmp_path / "tiny")))
    context = json.loads((tmp_path / "tiny/config.json").read_text())["max_position_embeddings"]
    check_context("brainstorm", model, HERE, MESSAGES, 16)
    with pytest.raises(ModelError, match=rf"^brainstorm: a prompt of \d+ tokens, .* exceed the {context} of ") as caught:
        check_context("brainstorm", model, HERE, MESSAGES, context - 82)  # which the 82 words alone would leave
    assert len(str(caught.value).splitlines()) == 1
    (tmp_path / "tiny/tokenizer.json").unlink()
    check_context("brainstorm", model, HERE, MESSAGES, context - 82)
    narrow = Engine(backend="vllm", vllm=VllmSettings(max_model_len=64))
    with pytest.raises(ModelError, match=r"a prompt of 82 tokens, .* exceed the 64 of "):
        check_context("brainstorm", model, narrow, MESSAGES, 16)


@contextmanager
def counting(count: int | None) -> Iterator[Engine]:
    """A server with a context of 200; `count` is what it says of any prompt, None where it does not say."""

    class Handler(JsonHandler):
        def do_GET(self) -> None:
            self.answer(200, {"data": [{"id": "m", "max_model_len": 200}]})

        def do_POST(self) -> None:
            sent = self.body()
            known = self.path == "/tokenize" and count is not None and sent == {"model": "m", "messages": MESSAGES}
            self.answer(200 if known else 404, {"count": count})

    with serving(Handler) as url:
        yield Engine(backend="openai", openai=Server(base_url=url))


@pytest.mark.parametrize(("count", "max_tokens", "said"), [
    (150, 50, None), (150, 51, "a prompt of 150 tokens"), (None, 118, None), (None, 119, "a prompt of 82 tokens"),
])
def test_a_server_says_it(monkeypatch: pytest.MonkeyPatch, count: int | None, max_tokens: int, said: str | None) -> None:
    """By its own count of tokens where it gives one, as vLLM's does; else by words, which are fewer."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with counting(count) as engine:
        if said is None:
            check_context("judge", Model("m"), engine, MESSAGES, max_tokens)
        else:
            with pytest.raises(ModelError, match=said):
                check_context("judge", Model("m"), engine, MESSAGES, max_tokens)
