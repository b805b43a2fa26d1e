"""Write base model and adapter as one model: safetensors in shards, tokenizer, chat template, card.

    synthempathy merge models/adapter models/merged [--dtype bfloat16] [--shard-gb 5]
    vllm serve models/merged

`from_pretrained` loads the folder, and vLLM serves it, as any model: DoRA too, which vLLM takes in no other way. An adapter
that was trained on 4-bit weights is put on the unquantized ones. The adapter's folder stays as it is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from synthempathy.core.errors import InputError, ModelError
from synthempathy.core.files import written_whole
from synthempathy.core.progress import say
from synthempathy.llm.loading import adapter_config, add_adapter, load_model, load_tokenizer

DTYPES = ("float32", "bfloat16", "float16")
CARD = """\
---
library_name: transformers
pipeline_tag: text-generation
base_model: {base}
---

# {base}, fine-tuned

{base} with the {kind} adapter (rank {rank}) of synthempathy's stage `finetune` merged into its weights ({dtype}).
The base model's licence holds for it.

    model = AutoModelForCausalLM.from_pretrained("<this folder>")
    vllm serve <this folder>
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `synthempathy merge`."""
    parser.add_argument("adapter", type=Path, help="the adapter (folder, as finetune or PEFT writes it)")
    parser.add_argument("merged", type=Path, help="the model (folder, written; must not be there yet)")
    parser.add_argument("--dtype", choices=DTYPES, help="of the weights; default: the base model's own")
    parser.add_argument("--shard-gb", type=float, default=5.0, help="largest file of weights, in GB; default: 5")


def run(given: argparse.Namespace) -> None:
    """Merge."""
    merge(given.adapter, given.merged, given.dtype, given.shard_gb)


def merge(adapter: Path, merged: Path, dtype: str | None = None, shard_gb: float = 5.0) -> None:
    """Write the model. ModelError for a folder that is no adapter, InputError for a target that is there already."""
    if merged.exists():
        raise InputError("is there already", file=merged, hint="remove it, or name another folder")
    config = adapter_config(adapter)
    base, revision = str(config["base_model_name_or_path"]), config.get("revision")
    tokenizer = load_tokenizer(base, revision)
    dtype = dtype or _own_dtype(base, revision)
    tuned = add_adapter(load_model(base, revision, dtype, "cpu"), adapter)
    try:
        model = tuned.merge_and_unload(safe_merge=True)
    except ValueError as error:  # weights that are no numbers
        raise ModelError(f"{adapter}: cannot be merged: {' '.join(str(error).split())}") from None
    with written_whole(merged) as (part,):
        model.save_pretrained(part, max_shard_size=f"{int(shard_gb * 1e6) or 1}KB")
        tokenizer.save_pretrained(part)
        kind = "DoRA" if config.get("use_dora") else "LoRA"
        card = CARD.format(base=base, kind=kind, rank=config.get("r"), dtype=dtype)
        (part / "README.md").write_text(card, encoding="utf-8")
    say(f"merge: {base} and {adapter} are one model in {merged}")


def _own_dtype(base: str, revision: str | None) -> str:
    from transformers import AutoConfig

    name = str(AutoConfig.from_pretrained(base, revision=revision, trust_remote_code=False).dtype).removeprefix("torch.")
    return name if name in DTYPES else "float32"
