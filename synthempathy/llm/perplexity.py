"""Perplexity: how well a model foresees texts, given the prompts that they answer.

exp of the mean loss in nats over the texts' tokens, each read after its prompt; the end of the turn is not counted, as base
models do not know it. At temperature 1 and without a nucleus, so that figures compare whatever the sampling. Two models
compare only where they share a tokenizer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from synthempathy.core.errors import ModelError
from synthempathy.core.progress import progress
from synthempathy.llm.backends import backend_of
from synthempathy.llm.chat import as_text, ids_of, prompt_ids
from synthempathy.llm.loading import Model, add_adapter, is_folder, load_model, load_tokenizer, pick_device
from synthempathy.llm.memory import free_memory
from synthempathy.llm.params import Engine, Machine, engine_of
from synthempathy.llm.prompts import Message

#: exp of more nats per token is no number worth having.
MOST_NATS = 700.0


#: Messages, an answer, tokenizer and template arguments -> token ids of the prompt and of the answer.
Encode = Callable[[list[Message], str, Any, Mapping[str, Any]], tuple[list[int], list[int]]]


class Perplexity(NamedTuple):
    """A figure, or why there is none."""

    value: float | None
    reason: str | None = None


def encoded(messages: list[Message], text: str, tokenizer: Any, template: Mapping[str, Any]) -> tuple[list[int], list[int]]:
    """Token ids of the prompt, as generation starts from it, and of the text."""
    return prompt_ids(tokenizer, messages, template), ids_of(tokenizer, as_text(tokenizer, text))


def perplexities(
    models: Sequence[Model], texts: Sequence[tuple[list[Message], str]], engine: Engine, machine: Machine,
    encode: Encode = encoded,
) -> list[Perplexity]:
    """The perplexity of each model on `texts` (prompt, answer), or why none can be had. Never ends a run.

    None can be had without texts, where the engine's weights are elsewhere or quantized, and where the model does not fit
    into one device's memory. Models that follow one another and differ in the adapter alone, the bare one first, are loaded
    once.
    """
    if not texts:
        return [Perplexity(None, "no texts")] * len(models)
    found: list[Perplexity] = []
    bare: tuple[str, str | None] | None = None
    loaded: Any = None
    ids: list[tuple[list[int], list[int]]] = []
    for model in models:
        own = engine_of(model.engine, engine)
        if not backend_of(own).plain_weights(own):
            found.append(Perplexity(None, f"the weights of engine.backend {own.backend} are elsewhere or quantized"))
            continue
        try:
            if (model.name, model.revision) != bare:
                loaded, bare = None, None
                tokenizer = load_tokenizer(model.name, model.revision)
                ids = [encode(messages, text, tokenizer, own.template) for messages, text in texts]
                loaded = _loaded(model, own.dtype, pick_device(machine.device))
            bare = (model.name, model.revision) if model.adapter is None else None
            if model.adapter is not None:
                loaded = add_adapter(loaded, model.adapter)
            found.append(_perplexity(loaded, ids, model.title))
        except Exception as error:  # a figure beside others, which a run of hours shall not end for
            bare = None
            found.append(Perplexity(None, " ".join(str(error).split()) or type(error).__name__))
    return found


def _loaded(model: Model, dtype: str, device: str) -> Any:
    """The model on one device. ModelError before anything is loaded, where its files alone are larger than the memory."""
    if is_folder(model.name):
        size, free = sum(file.stat().st_size for file in Path(model.name).glob("*.safetensors")), free_memory(device)
        if size > free:
            raise ModelError(f"{model.name} has {size / 1e9:.1f} GB of weights, {free / 1e9:.1f} GB are free on one device")
    return load_model(model.name, model.revision, dtype, device)


def _perplexity(loaded: Any, texts: Sequence[tuple[list[int], list[int]]], title: str) -> Perplexity:
    """One text at a time, so that no figure depends on a batch. Texts that the model cannot hold are left out."""
    import torch
    from torch.nn.functional import cross_entropy

    longest = getattr(loaded.config, "max_position_embeddings", None) or 2**31
    loss, tokens = 0.0, 0
    with torch.inference_mode(), progress(f"perplexity of {title}", len(texts)) as advance:
        for prompt, text in texts:
            if text and len(prompt) + len(text) <= longest:
                ids = torch.tensor([prompt + text], device=loaded.device)
                logits = loaded(input_ids=ids, use_cache=False, logits_to_keep=len(text) + 1).logits[0, :-1]
                loss += float(cross_entropy(logits.double(), ids[0, -len(text) :], reduction="sum"))
                tokens += len(text)
            advance()
    mean = loss / tokens if tokens else math.inf
    if not tokens:
        return Perplexity(None, f"every text is over the {longest} tokens that the model reads")
    return Perplexity(math.exp(mean)) if mean < MOST_NATS else Perplexity(None, f"over exp({MOST_NATS:.0f})")
