"""Whether a prompt and its answer have room in a model's context: found before anything is loaded or asked for an answer.

A prompt's tokens are those of its turns alone, as the model's tokenizer cuts them, or as its server says; what a chat
template adds is not counted. Where neither is at hand a word counts as a token. So what is refused here never had room.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from synthempathy.core.errors import ModelError
from synthempathy.llm.backends import backend_of
from synthempathy.llm.backends.openai_requests import Secrets
from synthempathy.llm.loading import Model, is_folder
from synthempathy.llm.params import Engine, Server, engine_of
from synthempathy.llm.prompts import Message
from synthempathy.llm.reachable import SECONDS, served_context


def check_context(what: str, model: Model, engine: Engine, messages: Sequence[Message], max_tokens: int) -> None:
    """Refuse a prompt of `what` that has no room beside `max_tokens` in `model`, asked by `engine` (above its own). ModelError.

    A model whose context is not known is taken as it is.
    """
    engine = engine_of(model.engine, engine)
    name = model.served_as or model.name
    local = backend_of(engine).local_weights
    room = _own_context(model, engine) if local else served_context(engine.openai, name)
    if room is None:
        return
    tokens = None if local else _served_count(engine.openai, name, messages)
    if tokens is None:
        tokens = _count(model, messages)
    if tokens + max_tokens > room:
        raise ModelError(
            f"{what}: a prompt of {tokens} tokens, the longest to be expected, and max_tokens {max_tokens} exceed the {room} "
            f"of {name}; shorten the prompt, or lower max_tokens or the max_words of the step before"
        )


def _own_context(model: Model, engine: Engine) -> int | None:
    """Tokens that the model's config, and engine.vllm where that runs it, have room for."""
    config = _file(model, "config.json")
    try:
        about = json.loads(config.read_text(encoding="utf-8")) if config else {}
    except (OSError, ValueError):
        return None
    rooms = [about.get("max_position_embeddings"), (about.get("text_config") or {}).get("max_position_embeddings")]
    if engine.backend == "vllm":
        rooms.append(engine.vllm.max_model_len)
    return min((room for room in rooms if isinstance(room, int)), default=None)


def _count(model: Model, messages: Sequence[Message]) -> int:
    """Tokens of the turns by the model's tokenizer, where it is on this machine; else their words."""
    path = _file(model, "tokenizer.json")
    texts = [message["content"] for message in messages]
    if path is None:
        return sum(len(text.split()) for text in texts)
    from tokenizers import Tokenizer  # without transformers, which takes seconds to import

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception:  # loading it says what is wrong, to whoever loads it
        return sum(len(text.split()) for text in texts)
    return sum(len(tokenizer.encode(text, add_special_tokens=False).ids) for text in texts)


def _file(model: Model, name: str) -> Path | None:
    """A file of a model's folder, or of its snapshot in the cache; None where it is not on this machine."""
    if Path(model.name).is_dir():
        path = Path(model.name) / name
        return path if path.is_file() else None
    try:
        is_folder(model.name)  # a server may call a model anything
    except ModelError:
        return None
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(model.name, name, revision=model.revision)
    return Path(found) if isinstance(found, str) else None


def _served_count(server: Server, name: str, messages: Sequence[Message]) -> int | None:
    """Tokens of the prompt as vLLM's server counts them (POST /tokenize); None where a server has no such thing."""
    root = server.base_url.rstrip("/").removesuffix("/v1")
    headers = tuple(sorted(Secrets(server).headers().items()))
    return _tokenized(root, headers, json.dumps({"model": name, "messages": list(messages)}))


@cache
def _tokenized(root: str, headers: tuple[tuple[str, str], ...], body: str) -> int | None:
    import httpx2 as httpx

    from synthempathy.llm.backends.openai_bounds import asked_now
    from synthempathy.llm.backends.openai_replies import TryAgain

    try:
        answer = asked_now("POST", f"{root}/tokenize", {"Content-Type": "application/json", **dict(headers)}, SECONDS, body)
        count = answer.json()["count"] if answer.is_success else None
    except (TryAgain, httpx.HTTPError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return count if isinstance(count, int) else None
