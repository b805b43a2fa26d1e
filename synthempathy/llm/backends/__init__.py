"""Engines: what runs a model. Requests go in, completions come out as they finish; one file a backend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from synthempathy.core.errors import ModelError
from synthempathy.llm.params import Engine as EngineParams
from synthempathy.llm.params import Machine, Sampling

FinishReason = Literal["stop", "length"]
FailureReason = Literal["server_error", "timeout", "rate_limited", "bad_response"]


@dataclass(frozen=True)
class Request:
    """One answer wanted. `seed` (0 to 2**63) alone decides the draws, so equal requests get equal answers."""

    id: str
    messages: list[dict[str, str]]
    seed: int


@dataclass(frozen=True)
class Completion:
    """An answer. `finish_reason` is "length" where max_tokens cut it; token counts leave out padding."""

    id: str
    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True)
class Failure:
    """A request that got no answer in all its tries. `detail` is one line on the last of them."""

    id: str
    reason: FailureReason
    detail: str


class Engine(Protocol):
    """A loaded model. Close it before the next is opened: two may not fit into memory."""

    @property
    def version(self) -> str:
        """The library that runs the model, and its version, as in "transformers 5.19.0"; to be stored with a row.

        Where it runs elsewhere (a server, a worker), it is fully known only when the first answer is here.
        """
        ...

    def complete(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[Completion | Failure]:
        """Answer every request once, in whatever order they finish. ModelError names an over-long prompt.

        One call at a time. Closing the iterator stops what is under way; the engine can then be asked again.
        """
        ...

    def close(self) -> None:
        """Free the model's memory and end its processes. A second call does nothing; no `complete` follows it."""
        ...


def open_engine(
    model: str, revision: str | None, engine: EngineParams, machine: Machine, adapter: Path | None = None
) -> Engine:
    """Load `model` (and a LoRA `adapter` on it) into the backend that params name, here or on Ray's workers."""
    if machine.executor == "ray":
        from synthempathy.llm.backends.ray import RayEngine

        return RayEngine(model, revision, engine, machine, adapter)
    if engine.backend == "vllm":
        from synthempathy.llm.backends.vllm import VllmEngine

        return VllmEngine(model, revision, engine, machine, adapter, engine.vllm)
    if engine.backend == "openai":
        from synthempathy.llm.backends.openai import OpenaiEngine

        if adapter is not None:
            raise ModelError("engine.backend openai cannot load an adapter; evaluate with transformers or vllm")
        return OpenaiEngine(model, engine.openai)
    from synthempathy.llm.backends.transformers import TransformersEngine

    return TransformersEngine(model, revision, engine, machine, adapter)
