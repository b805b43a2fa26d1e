"""Tiny random models of the families that people tune, each with the chat template of its kind and the byte tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.helpers.tiny_mistral import SPECIAL, TEMPLATE, tiny_tokenizer

_SHAPE = {
    "vocab_size": len(SPECIAL) + 256, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
    "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32, "max_position_embeddings": 512,
    "initializer_range": 0.2, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2,
}
_EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": 32}
#: A family's model type, and what its config has of its own.
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama3": ("llama", {"rope_theta": 500000.0}),
    "gemma": ("gemma", {}),
    "qwen3": ("qwen3", {}),
    "gpt_oss": ("gpt_oss", _EXPERTS),  # a mixture of experts, every second layer with a sliding window
    "mistral": ("mistral", {"sliding_window": None}),
}
#: Gemma's template refuses a system turn.
TEMPLATES = {"gemma": "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system turn') }}{% endif %}" + TEMPLATE}


def save_tiny(family: str, folder: Path) -> Path:
    """A model of the family in `folder`, the same on every call."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    kind, own = FAMILIES[family]
    torch.manual_seed(11)
    AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **_SHAPE | own)).save_pretrained(folder)
    tiny_tokenizer(TEMPLATES.get(family, TEMPLATE)).save_pretrained(folder)
    return folder
