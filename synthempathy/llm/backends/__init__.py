"""Backends: what runs a model. Requests go in, completions come out as they finish; one file a backend.

A backend is a module of this folder, named as `engine.backend` names it, that holds a class `BACKEND` (protocol `Backend`).
What the rest of the project must know of it, the class declares of itself: whether it runs weights of one's own, takes
adapters, gives log-probabilities, where its energy is counted, and what of the engine determines a text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, Literal, Protocol, cast

from synthempathy.core.errors import ModelError
from synthempathy.llm.loading import Model, is_folder
from synthempathy.llm.params import Engine, Machine, Sampling, engine_of

FinishReason = Literal["stop", "length"]
FailureReason = Literal["server_error", "timeout", "rate_limited", "bad_response", "refused_by_server"]


@dataclass(frozen=True)
class Request:
    """One completion wanted. `seed` (0 to 2**63) alone decides the draws, so equal requests get equal completions.

    `schema`, a JSON schema, asks for an answer that is one JSON object of that shape: only of a backend with `schemas`.
    """

    id: str
    messages: list[dict[str, str]]
    seed: int
    schema: Mapping[str, Any] | None = None


def longest_first(requests: Sequence[Request]) -> list[Request]:
    """The requests by the characters of their prompts, which are not in tokens yet: like lengths stand together, and a
    prompt that is too long, if there is one, is met at once.
    """
    def order(request: Request) -> tuple[int, str]:
        return -sum(len(message["content"]) for message in request.messages), request.id

    return sorted(requests, key=order)


@dataclass(frozen=True)
class Completion:
    """An answer. `finish_reason` is "length" where max_tokens cut it; token counts leave out padding.

    A backend gives the text as the model wrote it. Whoever reads it gets its normal form (`llm/answers.py`), and in
    `problem` why that holds no text that was asked for.
    """

    id: str
    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int
    problem: str | None = None


@dataclass(frozen=True)
class Failure:
    """A request that got no completion in all its tries. `detail` is one line on the last of them."""

    id: str
    reason: FailureReason
    detail: str


class Loaded(Protocol):
    """A model that can be asked. Close it before the next is opened: two may not fit into memory."""

    @property
    def version(self) -> str:
        """The library that runs the model, and its version, as in "transformers 5.19.0"; to be stored with a row.

        Where it runs elsewhere (a server, a worker), it is fully known only when the first completion is here.
        """
        ...

    def complete(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[Completion | Failure]:
        """Answer every request once, in whatever order they finish. ModelError names an over-long prompt.

        One call at a time. Closing the iterator stops what is under way; the model can then be asked again.
        """
        ...

    def close(self) -> None:
        """Free the model's memory and end its processes. A second call does nothing; no `complete` follows it."""
        ...


class Backend(Loaded, Protocol):
    """A way to run a model, and what it declares of itself."""

    #: Whether the model's weights are read on this machine, from a folder or the hub.
    local_weights: ClassVar[bool]
    #: Whether a LoRA adapter can be put on the model.
    adapters: ClassVar[bool]
    #: Whether it can keep an answer to a JSON schema.
    schemas: ClassVar[bool]
    #: Whether it sends its rows as files and waits for them: then one process sends them all.
    by_files: ClassVar[bool]

    def __init__(self, model: Model, engine: Engine, machine: Machine) -> None: ...

    @staticmethod
    def key(engine: Engine) -> str:
        """What of the engine determines a text, beside the model: its part of the store's key."""
        ...

    @staticmethod
    def plain_weights(engine: Engine) -> bool:
        """Whether log-probabilities can be had: the weights that answer are here, and as they were saved."""
        ...

    @staticmethod
    def energy_counter(machine: Machine) -> Literal["gpu", "cpu"] | None:
        """Whose energy counters the model moves; None where they cannot be read from here."""
        ...


def template_key(engine: Engine) -> str:
    """The engine's template arguments, as a part of a backend's key; "" where there are none, so that old keys stay."""
    return "/" + json.dumps(engine.template, sort_keys=True) if engine.template else ""


def backend_of(engine: Engine) -> type[Backend]:
    """The class of the backend that `engine` names: imported only when used."""
    return cast(type[Backend], import_module(f"{__name__}.{engine.backend}").BACKEND)


def check_model(model: Model, engine: Engine) -> None:
    """Refuse, before anything runs, a folder that is not there and an adapter that the backend cannot take."""
    engine = engine_of(model.engine, engine)
    backend = backend_of(engine)
    if model.adapter is not None and not backend.adapters and model.served_as is None:
        raise ModelError(
            f"backend {engine.backend} cannot load {model.adapter}; name the adapter as the server knows it "
            "(evaluate.adapter_name, evaluate.also.adapter_name), or evaluate with transformers or vllm"
        )
    if backend.local_weights:
        is_folder(model.name)


def open_backend(model: Model, engine: Engine, machine: Machine) -> Loaded:
    """Load `model`: here, in several processes, or on Ray's workers. `engine` is the one above the model's own."""
    check_model(model, engine)
    engine = engine_of(model.engine, engine)
    if backend_of(engine).by_files:
        return backend_of(engine)(model, engine, machine)
    if machine.executor == "ray":
        from synthempathy.llm.backends.ray import open_on_ray

        return open_on_ray(model, engine, machine)
    from synthempathy.llm.backends.gpus import engines_wanted

    if (count := engines_wanted(engine, machine)) > 1:
        from synthempathy.llm.backends.replicas_local import open_replicas

        return open_replicas(model, engine, machine, count)
    return backend_of(engine)(model, engine, machine)
