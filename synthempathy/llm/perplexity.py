"""Perplexity: how well a model foresees texts, given the prompts that they answer.

exp of the mean loss in nats over the texts' tokens, each read after its prompt; the end of the turn is not counted, as base
models do not know it. At temperature 1 and without a nucleus, so that figures compare whatever the sampling. Two models
compare only where they share a tokenizer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from synthempathy.core.progress import progress
from synthempathy.llm.backends import backend_of
from synthempathy.llm.chat import as_text, ids_of, prompt_ids
from synthempathy.llm.loading import Model, add_adapter, load_model, load_tokenizer, pick_device
from synthempathy.llm.params import Engine, Machine, engine_of
from synthempathy.llm.prompts import Message

#: exp of more nats per token is no number worth having.
MOST_NATS = 700.0


def perplexities(
    models: Sequence[Model], texts: Sequence[tuple[list[Message], str]], engine: Engine, machine: Machine
) -> list[float | None]:
    """The perplexity of each model on `texts` (prompt, answer); None without texts, and where none can be had.

    None can be had where the engine's weights are elsewhere or quantized. Models that follow one another and differ in
    the adapter alone, the bare one first, are loaded once.
    """
    if not texts:
        return [None] * len(models)
    found: list[float | None] = []
    bare: tuple[str, str | None] | None = None
    loaded: Any = None
    encoded: list[tuple[list[int], list[int]]] = []
    for model in models:
        own = engine_of(model.engine, engine)
        if not backend_of(own).plain_weights(own):
            found.append(None)
            continue
        if (model.name, model.revision) != bare:
            tokenizer = load_tokenizer(model.name, model.revision)
            encoded = [_encoded(messages, text, tokenizer, own.template) for messages, text in texts]
            loaded = load_model(model.name, model.revision, own.dtype, pick_device(machine.device))
        bare = (model.name, model.revision) if model.adapter is None else None
        if model.adapter is not None:
            loaded = add_adapter(loaded, model.adapter)
        found.append(_perplexity(loaded, encoded, model.title))
    return found


def _encoded(
    messages: list[Message], text: str, tokenizer: Any, template: Mapping[str, Any]
) -> tuple[list[int], list[int]]:
    """Token ids of the prompt, as generation starts from it, and of the text."""
    return prompt_ids(tokenizer, messages, template), ids_of(tokenizer, as_text(tokenizer, text))


def _perplexity(loaded: Any, texts: Sequence[tuple[list[int], list[int]]], title: str) -> float | None:
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
    return math.exp(mean) if mean < MOST_NATS else None
