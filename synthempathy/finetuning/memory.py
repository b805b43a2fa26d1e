"""What a training needs of a device's memory, estimated from the base model's config, before any weight is loaded.

    weights       as they are stored: dtype, or 4 bits for the layers that quantization takes (0.52 bytes, its constants included)
    adapter       float32 weights, gradients and Adam's two moments: 16 bytes a parameter
    activations   what the layers keep for the backward pass, of the largest part of a batch (machine.training.pairs_at_once)
    logits        where a response's next token is learned, with their gradient, and the float32 pieces of the loss

The activations are counted by a formula for decoders with gated MLPs; tests compare it with what torch saves. A mixture's
experts count as the ones that a token takes. What allocators leave unused is not in it: leave a tenth of the memory free.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from synthempathy.core.errors import ModelError
from synthempathy.core.progress import say
from synthempathy.finetuning.batches import Shares
from synthempathy.finetuning.loss import AT_ONCE
from synthempathy.finetuning.params import Finetune
from synthempathy.llm.memory import free_memory
from synthempathy.llm.params import Training

GB = 1e9
BYTES = {"float32": 4, "bfloat16": 2}
NF4_BYTES = 0.52  # 4 bits, a quantized scale for 64 weights, a scale of those for 256
ADAPTER_BYTES = 16
RESPONSE_SHARE = 0.75  # of a pair's tokens, at most, where logits are made


@dataclass(frozen=True)
class Estimate:
    """Bytes."""

    weights: float
    adapter: float
    activations: float
    logits: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.weights + self.adapter + self.activations + self.logits

    def in_words(self) -> str:
        """One line."""
        parts = (("weights", self.weights), ("adapter and optimizer", self.adapter), ("activations", self.activations),
                 ("logits", self.logits))
        return f"{self.total / GB:.2f} GB: " + ", ".join(f"{name} {size / GB:.2f}" for name, size in parts)


def estimate(
    bare: Any, settings: Finetune, machine: Training, shares: Shares, *, spares: bool, shards: int = 1,
    gpu: bool = False, tokens: int | None = None, response_share: float = RESPONSE_SHARE,
) -> Estimate:
    """What training `bare`, a model without weights (`bare_model`), needs in each process.

    `spares` is whether activations are made twice (gradient checkpointing); `shards` over how many processes the weights are
    spread; `tokens` of the largest part of a batch, by default pairs of finetune.max_length.
    """
    pairs = math.ceil(math.ceil(shares.size / shares.processes) / shares.parts)
    tokens = tokens or pairs * settings.max_length
    stored = BYTES[settings.dtype]
    linear = {id(layer.weight): layer.weight.numel() for layer in _linear(bare)}
    whole = sum(weight.numel() for weight in bare.parameters())
    packed = sum(linear.values()) if settings.quantization else 0
    weights = packed * NF4_BYTES + (whole - packed) * stored
    kept = min(1.0, response_share) * tokens
    vocabulary = bare.get_output_embeddings().weight.shape[0]
    logits = kept * vocabulary * (stored * 2) + 3 * 4 * min(AT_ONCE, kept * vocabulary)
    return Estimate(
        weights=weights / shards, adapter=ADAPTER_BYTES * adapter_parameters(bare, settings) / shards,
        activations=_activations(bare.config.get_text_config(), settings, machine, tokens, pairs, spares=spares, gpu=gpu),
        logits=logits,
    )


def _activations(
    config: Any, settings: Finetune, machine: Training, tokens: int, pairs: int, *, spares: bool, gpu: bool
) -> float:
    """Bytes of a decoder's layers. With `spares`, their inputs and one layer's own."""
    stored, hidden, heads = BYTES[settings.dtype], config.hidden_size, config.num_attention_heads
    size = getattr(config, "head_dim", None) or hidden // heads
    queries, keys = heads * size, (getattr(config, "num_key_value_heads", None) or heads) * size
    taken = getattr(config, "num_experts_per_tok", None) or 1
    inner = taken * (getattr(config, "moe_intermediate_size", None) or getattr(config, "intermediate_size", None) or 4 * hidden)
    norms = 2 * 4 * hidden  # their inputs in float32, as all of these families do
    attention = stored * (queries + 2 * keys)
    mlp = stored * 3 * inner
    a_token = norms + attention + mlp + _adapted_inputs(settings, hidden, queries, inner, gpu=gpu)
    scores = 2 * 4 * heads * tokens * (tokens / pairs) if machine.attention == "eager" else 0
    layer = tokens * a_token + scores
    layers = config.num_hidden_layers
    return float(layers * tokens * hidden * stored + layer if spares else layers * layer)


def _adapted_inputs(settings: Finetune, hidden: int, queries: int, inner: int, *, gpu: bool) -> float:
    """What LoRA keeps of a token in a layer: each target's input, a copy of its own where it is dropped out or cast."""
    lora, stored = settings.lora, BYTES[settings.dtype]
    width = {"q_proj": hidden, "k_proj": hidden, "v_proj": hidden, "o_proj": queries, "gate_proj": hidden, "up_proj": hidden,
             "down_proj": inner}
    targets = list(width) if lora.target_modules == "all-linear" else lora.target_modules
    ranks = len(targets) * lora.rank * stored
    if lora.dropout or stored < BYTES["float32"]:
        dropped = (1 if gpu else 4) if lora.dropout else 0  # the mask
        return ranks + sum((stored + dropped) * width.get(target, hidden) for target in targets)
    shared = {"q_proj": "attention", "k_proj": "attention", "v_proj": "attention", "gate_proj": "mlp", "up_proj": "mlp"}
    inputs = {shared.get(target, target): width.get(target, hidden) for target in targets}
    return ranks + stored * sum(inputs.values())


def adapter_parameters(bare: Any, settings: Finetune) -> int:
    """How many parameters the adapter has: rank x (in + out) of each layer that it stands on."""
    targets = settings.lora.target_modules
    return sum(
        settings.lora.rank * sum(layer.weight.shape) + (layer.weight.shape[0] if settings.lora.dora else 0)
        for name, layer in bare.named_modules()
        if layer in _linear(bare) and (targets == "all-linear" or name.rsplit(".", 1)[-1] in targets)
    )


def _linear(bare: Any) -> list[Any]:
    """The linear layers, without the one that gives the logits."""
    import torch

    head = bare.get_output_embeddings()
    return [layer for layer in bare.modules() if isinstance(layer, torch.nn.Linear) and layer is not head]


def bare_model(model: str, revision: str | None) -> Any:
    """The base model's layers, without weights: no memory, and of a hub's model no more than its config. None if unknown."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        config = AutoConfig.from_pretrained(model, revision=revision, trust_remote_code=False)
        with torch.device("meta"):
            return AutoModelForCausalLM.from_config(config)
    except Exception:  # loading it says what is wrong, in one line
        return None


def check_memory(
    settings: Finetune, machine: Training, shares: Shares, device: str, *, spares: bool, shards: int, at_hand: float | None = None
) -> Estimate | None:
    """Refuse a base model that cannot fit; say so where the whole training may not. Before anything is loaded."""
    bare = bare_model(settings.model, settings.revision)
    if bare is None:
        return None
    needed = estimate(bare, settings, machine, shares, spares=spares, shards=shards, gpu=device != "cpu")
    if at_hand is None:
        at_hand = free_memory(device) / (shares.processes if device == "cpu" else 1)
    if needed.weights + needed.adapter > at_hand:
        raise ModelError(
            f"{settings.model} needs {needed.in_words()}; {at_hand / GB:.2f} GB are free: take a smaller model, bfloat16 or "
            "finetune.quantization nf4, or spread it over GPUs (machine.launch: an accelerate config with FSDP)"
        )
    if needed.total > at_hand and shares.process == 0:
        say(
            f"finetune: may need {needed.in_words()}; {at_hand / GB:.2f} GB are free. If it ends for want of memory, lower "
            "machine.training.pairs_at_once, or set gradient_checkpointing"
        )
    return needed
