"""How likely a model finds its own answers: the perplexity of an answer, given the prompt that asked for it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from synthempathy.core.progress import progress
from synthempathy.llm.loading import load_model, load_tokenizer, pick_device
from synthempathy.llm.params import Engine, Machine
from synthempathy.llm.prompts import Message

#: Nats a token at most, so that an answer that half precision takes for impossible gives a number.
IMPOSSIBLE = 700.0


def perplexity(
    answered: Sequence[tuple[list[Message], str]], model: str, revision: str | None, engine: Engine, machine: Machine
) -> float | None:
    """exp of the mean negative log-likelihood of a token of the answers, all answers' tokens pooled.

    At temperature 1 and without a nucleus, whatever the cell's own, so that cells compare. The chat template stands
    before each answer; the token that ends it is not counted. One answer at a time, so that no other row moves the
    figure. None without an answer, and where the weights are not here or not plain: on a server, or quantized by vLLM.
    """
    if not answered or engine.backend == "openai" or (engine.backend == "vllm" and engine.vllm.quantization):
        return None
    import torch

    device = pick_device(machine.device)
    tokenizer = load_tokenizer(model, revision, engine.trust_remote_code)
    loaded = load_model(model, revision, engine.dtype, engine.trust_remote_code, device)
    total, tokens = 0.0, 0
    with torch.inference_mode(), progress("perplexity", len(answered)) as advance:
        for messages, answer in answered:
            prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
            told = tokenizer(answer, add_special_tokens=False)["input_ids"]
            ids = torch.tensor([prompt + told], device=device)
            logits = loaded(input_ids=ids, use_cache=False, logits_to_keep=len(told) + 1).logits[0, :-1].float()
            likely = torch.log_softmax(logits, dim=-1).gather(1, ids[0, len(prompt) :, None])
            total -= float(likely.double().sum())
            tokens += len(told)
            advance()
    return math.exp(min(total / tokens, IMPOSSIBLE))
