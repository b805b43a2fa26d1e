"""The adapter: LoRA layers put on a model, and written as a folder that PEFT loads."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

from peft import LoraConfig, PeftModel, get_peft_model

from synthempathy.core.errors import ModelError
from synthempathy.finetuning.params import Finetune
from synthempathy.llm.loading import load_model
from synthempathy.llm.params import Training

ALL_LINEAR = "all-linear"
#: The kinds of layers that see where a packed pair ends.
ATTENTIONS = {"full_attention", "sliding_attention", "chunked_attention"}
#: The file of an adapter's weights, in PEFT's folders and in the Trainer's checkpoints.
WEIGHTS = "adapter_model.safetensors"

CARD = """\
---
library_name: peft
pipeline_tag: text-generation
base_model: {model}
---

# Adapter for {model}

LoRA (rank {rank}) trained by synthempathy's `finetune` on responses to the prompt `respond/{prompt}.jinja`.

    model = AutoModelForCausalLM.from_pretrained("{model}")
    model = PeftModel.from_pretrained(model, "<this folder>")
"""


def load_with_lora(settings: Finetune, machine: Training, device: str) -> PeftModel:
    """The base model on `device` with fresh LoRA layers, which alone are trainable. ModelError where it is not fit for it."""
    model = load_model(settings.model, settings.revision, settings.dtype, device, **_options(settings, machine, device))
    if machine.packing and set(getattr(model.config, "layer_types", None) or ()) - ATTENTIONS:
        raise ModelError(f"{settings.model} reads over the ends of packed pairs: set machine.training.packing false")
    positions = getattr(model.config, "max_position_embeddings", None)
    if positions is not None and settings.max_length > positions:
        raise ModelError(
            f"finetune.max_length {settings.max_length} is above the {positions} tokens that {settings.model} reads; lower it"
        )
    adapted = with_lora(model, settings)
    if spares_memory(machine, device):
        enable_gradient_checkpointing(adapted)
    return adapted


def spares_memory(machine: Training, device: str) -> bool:
    """Whether activations are made twice, in place of being kept: as told, or on a GPU."""
    return device.startswith("cuda") if machine.gradient_checkpointing is None else machine.gradient_checkpointing


def _options(settings: Finetune, machine: Training, device: str) -> dict[str, Any]:
    """What transformers' from_pretrained is told of attention and quantization."""
    options: dict[str, Any] = {} if machine.attention is None else {"attn_implementation": machine.attention}
    if settings.quantization is None:
        return options
    if importlib.util.find_spec("bitsandbytes") is None:
        raise ModelError("finetune.quantization nf4 needs bitsandbytes: make install EXTRAS=qlora")
    import torch
    from transformers import BitsAndBytesConfig

    stored = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=getattr(torch, settings.dtype),
    )
    return options | {"quantization_config": stored, "device_map": {"": device}}


def with_lora(model: Any, settings: Finetune) -> PeftModel:
    """`model` with fresh LoRA layers, which alone are trainable. ModelError names a target that it lacks."""
    targets = settings.lora.target_modules
    layers = _layers(model)
    missing = [target for target in targets if target not in layers]
    if missing and targets != ALL_LINEAR:
        raise ModelError(
            f"{settings.model} has no layer named {', '.join(missing)} (finetune.lora.target_modules); "
            f"it has: {', '.join(layers)}"
        )
    config = LoraConfig(
        r=settings.lora.rank, lora_alpha=settings.lora.alpha, lora_dropout=settings.lora.dropout,
        target_modules=targets, task_type="CAUSAL_LM", revision=settings.revision,
        use_rslora=settings.lora.rank_stabilized, use_dora=settings.lora.dora,
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


def write_adapter(model: PeftModel, weights: Path, folder: Path, settings: Finetune) -> None:
    """Write the adapter as PEFT does (safetensors and JSON), with the weights of a checkpoint and always the same bytes."""
    folder.mkdir()
    shutil.copyfile(weights / WEIGHTS, folder / WEIGHTS)
    config = model.peft_config["default"]
    config.inference_mode = True
    config.save_pretrained(str(folder))
    file = folder / "adapter_config.json"
    values = json.loads(file.read_text(encoding="utf-8"))
    values["target_modules"] = sorted(values["target_modules"])  # PEFT writes a set, in any order
    file.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    card = CARD.format(model=settings.model, rank=settings.lora.rank, prompt=settings.prompt)
    (folder / "README.md").write_text(card, encoding="utf-8")


def _layers(model: Any) -> list[str]:
    """The last names of the layers that hold a matrix of weights: what LoRA can stand on."""
    names = (name.rsplit(".", 1)[-1] for name, layer in model.named_modules() if _has_matrix(layer))
    return sorted(set(names))


def _has_matrix(layer: Any) -> bool:
    weight = layer._parameters.get("weight")
    return weight is not None and weight.dim() == 2
