"""The arms: the base model and the tuned one answer the same prompts, with the same chance for both."""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stages.common.errors import InputError, ModelError
from stages.common.files import read_text
from stages.common.progress import progress
from stages.common.records import Pair

if TYPE_CHECKING:
    from stages.common.sections import Params
    from stages.generation.engines import Engine, Request
    from stages.generation.prompts import Prompt


@dataclass(frozen=True)
class Answer:
    """A response, and why it ended: "stop", "length" (cut), or None where that is not known."""

    model: str
    response: str
    finish_reason: str | None


def check_adapter(adapter: Path, model: str) -> None:
    """Refuse a folder that holds no adapter, or one that was trained on another model."""
    config = adapter / "adapter_config.json"
    if not config.is_file():
        raise InputError("no adapter there", file=adapter, way_out="run `dvc repro finetune`, or check the path")
    try:
        trained_on = json.loads(read_text(config)).get("base_model_name_or_path")
    except (json.JSONDecodeError, AttributeError):
        raise InputError("not an adapter's config", file=config, way_out="run `dvc repro finetune`") from None
    if trained_on != model:
        raise InputError(
            "the adapter was trained on another model", file=config, field="base_model_name_or_path",
            value=trained_on, way_out=f"finetune.model is {model}: run `dvc repro finetune`",
        )


def requests_for(pairs: Iterable[Pair], prompt: Prompt, seed: int) -> list[Request]:
    """One request a pair; its seed depends on `seed` and the pair's id alone."""
    from stages.generation.engines import Request

    return [
        Request(id=pair.id, messages=prompt.messages(explanation=pair.explanation), seed=row_seed(seed, pair.id))
        for pair in pairs
    ]


def row_seed(seed: int, row: str) -> int:
    """A seed of 31 bits for one row."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{row}".encode()).digest()[:4], "big") >> 1


def answers(arm: str, requests: Sequence[Request], settings: Params, adapter: Path | None) -> list[Answer]:
    """The model's answer to each request, in order; with `adapter`, the tuned model's."""
    from stages.generation.engines import Failure, open_engine

    base = settings.finetune
    engine: Engine = open_engine(base.model, base.revision, settings.engine, settings.machine, adapter)
    name = base.model if adapter is None else f"{base.model} + {adapter}"
    found: dict[str, Answer] = {}
    with progress(f"evaluate: {arm}", len(requests)) as advance:
        for done in engine.complete(requests, settings.evaluate.sampling):
            if isinstance(done, Failure):
                raise ModelError(f"{name} gave no answer to {done.id}: {done.reason}, {done.detail}")
            found[done.id] = Answer(name, done.text.strip(), done.finish_reason)
            advance()
    unanswered = [request.id for request in requests if request.id not in found]
    if unanswered:
        raise ModelError(f"{name} left {len(unanswered)} of {len(requests)} prompts unanswered, first {unanswered[0]}")
    del engine
    gc.collect()  # one model at a time in memory
    return [found[request.id] for request in requests]
