"""The adapter: LoRA layers put on a model, and written as a folder that PEFT loads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict

from synthempathy.core.errors import ModelError
from synthempathy.finetuning.params import Finetune
from synthempathy.finetuning.training import Weights
from synthempathy.llm.loading import load_model

CARD = """\
---
library_name: peft
pipeline_tag: text-generation
base_model: {model}
---

# Adapter for {model}

LoRA (rank {rank}) trained by synthempathy's `finetune` on empathetic responses to `prompts/respond/{prompt}.jinja`.

    model = AutoModelForCausalLM.from_pretrained("{model}")
    model = PeftModel.from_pretrained(model, "<this folder>")
"""


def load_with_lora(settings: Finetune, device: str) -> PeftModel:
    """The base model on `device` with fresh LoRA layers, which alone are trainable. ModelError where it is not fit for it."""
    model = load_model(settings.model, settings.revision, settings.dtype, device)
    positions = getattr(model.config, "max_position_embeddings", None)
    if positions is not None and settings.max_length > positions:
        raise ModelError(
            f"finetune.max_length {settings.max_length} is above the {positions} tokens that {settings.model} reads; lower it"
        )
    adapted = with_lora(model, settings)
    if device.startswith("cuda"):
        enable_gradient_checkpointing(adapted)
    return adapted


def with_lora(model: Any, settings: Finetune) -> PeftModel:
    """`model` with fresh LoRA layers, which alone are trainable. ModelError names a target that it lacks."""
    targets = settings.lora.target_modules
    layers = _layers(model)
    missing = [target for target in targets if target not in layers]
    if missing:
        raise ModelError(
            f"{settings.model} has no layer named {', '.join(missing)} (finetune.lora.target_modules); "
            f"it has: {', '.join(layers)}"
        )
    config = LoraConfig(
        r=settings.lora.rank, lora_alpha=settings.lora.alpha, lora_dropout=settings.lora.dropout,
        target_modules=targets, task_type="CAUSAL_LM", revision=settings.revision,
    )
    try:
        adapted = get_peft_model(model, config)
    except ValueError as error:  # a kind of layer that PEFT cannot adapt
        raise ModelError(f"{settings.model}: {error}") from None
    config.base_model_name_or_path = settings.model  # as params.yaml says, not where it was found
    return adapted


def enable_gradient_checkpointing(model: PeftModel) -> None:
    """Recompute activations in the backward pass: a 7B model at 8 x 512 tokens then fits beside its weights."""
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.enable_input_require_grads()


def lora_weights(model: PeftModel) -> Weights:
    """The LoRA layers' weights by name. The vocabulary is never resized, so embeddings need no look (on the hub)."""
    return dict(get_peft_model_state_dict(model, save_embedding_layers=False))


def save_adapter(model: PeftModel, weights: Weights, folder: Path, settings: Finetune) -> None:
    """Write `weights` as PEFT does (safetensors and JSON), with the same bytes for the same weights."""
    set_peft_model_state_dict(model, weights)
    model.save_pretrained(str(folder), save_embedding_layers=False)
    config = folder / "adapter_config.json"
    values = json.loads(config.read_text(encoding="utf-8"))
    values["target_modules"] = sorted(values["target_modules"])  # PEFT writes a set, in any order
    config.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    card = CARD.format(model=settings.model, rank=settings.lora.rank, prompt=settings.prompt)
    (folder / "README.md").write_text(card, encoding="utf-8")


def _layers(model: Any) -> list[str]:
    """The last names of the layers that hold a matrix of weights: what LoRA can stand on."""
    names = (name.rsplit(".", 1)[-1] for name, layer in model.named_modules() if _has_matrix(layer))
    return sorted(set(names))


def _has_matrix(layer: Any) -> bool:
    weight = layer._parameters.get("weight")
    return weight is not None and weight.dim() == 2
