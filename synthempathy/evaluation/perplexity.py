"""Perplexity of a model on the corpus's held-out responses: how well it foresees what it should learn to say.

exp of the mean loss in nats over the responses' tokens, each read after the prompt and explanation it answers. The end
of the turn is not counted, as base models do not know it. Two models compare only where they share a tokenizer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from synthempathy.core.progress import progress
from synthempathy.evaluation.arms import BASE, TUNED, Arm

if TYPE_CHECKING:
    from synthempathy.core.records import Pair
    from synthempathy.llm.prompts import Prompt
    from synthempathy.project.params import Params


def perplexities(arms: Sequence[Arm], pairs: Sequence[Pair], prompt: Prompt, settings: Params) -> dict[str, float | None]:
    """Perplexity of base and tuned, loaded once; None where the engine's weights are not here or not plain."""
    if settings.engine.backend == "openai" or (settings.engine.backend == "vllm" and settings.engine.vllm.quantization):
        return {BASE: None, TUNED: None}
    from synthempathy.llm.loading import load_model, load_tokenizer, pick_device

    named = {arm.name: arm for arm in arms}
    base, tuned = named[BASE], named[TUNED]
    engine = settings.engine
    tokenizer = load_tokenizer(base.model, base.revision, engine.trust_remote_code)
    texts = [
        _encoded(prompt.messages(explanation=pair.explanation), pair.response, tokenizer) for pair in pairs
    ]
    device = pick_device(settings.machine.device)
    model = load_model(base.model, base.revision, engine.dtype, engine.trust_remote_code, device)
    found = {BASE: _perplexity(model, texts, BASE)}
    if tuned.adapter is not None:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, str(tuned.adapter)).eval()
    return found | {TUNED: _perplexity(model, texts, TUNED)}


def _encoded(messages: list[dict[str, str]], response: str, tokenizer: Any) -> tuple[list[int], list[int]]:
    """Token ids of the prompt, as generation starts from it, and of the response."""
    asked = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
    return list(asked), list(tokenizer(response, add_special_tokens=False)["input_ids"])


def _perplexity(model: Any, texts: Sequence[tuple[list[int], list[int]]], arm: str) -> float | None:
    """One text at a time, so that no figure depends on a batch. Texts that the model cannot hold are left out."""
    import torch
    from torch.nn.functional import cross_entropy

    longest = getattr(model.config, "max_position_embeddings", None) or 2**31
    loss, tokens = 0.0, 0
    with torch.inference_mode(), progress(f"evaluate: perplexity of {arm}", len(texts)) as advance:
        for asked, told in texts:
            if told and len(asked) + len(told) <= longest:
                ids = torch.tensor([asked + told], device=model.device)
                logits = model(input_ids=ids, use_cache=False, logits_to_keep=len(told) + 1).logits[0, :-1]
                loss += float(cross_entropy(logits.double(), ids[0, -len(told) :], reduction="sum"))
                tokens += len(told)
            advance()
    mean = loss / tokens if tokens else math.inf
    return math.exp(mean) if mean < 700 else None
