"""Loading models and tokenizers from a folder or the Hugging Face hub; errors as one line."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any

from synthempathy.core.errors import ModelError
from synthempathy.llm.chat import settle_template

_HUB_NAME = re.compile(r"^[\w.-]+/[\w.-]+$")


def is_folder(model: str) -> bool:
    """Whether `model` is a folder here; otherwise it must be a hub's name. ModelError if it is neither."""
    if Path(model).is_dir():
        if not (Path(model) / "config.json").is_file():
            raise ModelError(f"{model}: no config.json in this folder; point the parameter at a saved model")
        return True
    if Path(model).is_absolute() or model.startswith((".", "models/", "data/")) or not _HUB_NAME.match(model):
        raise ModelError(f"model path does not exist: {model}; give a folder, or a Hugging Face name like org/model")
    return False


def identity(model: str, revision: str | None) -> str:
    """What the model is, for the store's key: a content hash of a folder, or name and commit on the hub."""
    if is_folder(model):
        digest = hashlib.sha256()
        for path in sorted(Path(model).iterdir()):
            if path.suffix in {".safetensors", ".json", ".jinja", ".model"}:
                digest.update(path.name.encode())
                with path.open("rb") as stream:
                    digest.update(hashlib.file_digest(stream, "sha256").digest())
        return f"sha256:{digest.hexdigest()}"
    if revision and re.fullmatch(r"[0-9a-f]{40}", revision):
        return f"{model}@{revision}"
    from huggingface_hub import HfApi

    try:
        return f"{model}@{HfApi().model_info(model, revision=revision).sha}"
    except Exception as error:
        raise _one_line(model, error) from None


def load_tokenizer(model: str, revision: str | None, trust_remote_code: bool) -> Any:
    """The model's tokenizer, padding on the left, with a chat template that takes a system turn. ModelError otherwise."""
    quiet()
    from transformers import AutoTokenizer

    is_folder(model)
    try:
        tokenizer = AutoTokenizer.from_pretrained(model, revision=revision, trust_remote_code=trust_remote_code)
    except Exception as error:
        raise _one_line(model, error) from None
    tokenizer.padding_side = "left"
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    settle_template(tokenizer, model)
    return tokenizer


def load_model(model: str, revision: str | None, dtype: str, trust_remote_code: bool, device: str) -> Any:
    """The causal language model from safetensors, in eval mode on `device`. ModelError otherwise."""
    quiet()
    import torch
    from transformers import AutoModelForCausalLM

    is_folder(model)
    try:
        loaded = AutoModelForCausalLM.from_pretrained(
            model, revision=revision, dtype=getattr(torch, dtype), trust_remote_code=trust_remote_code,
            use_safetensors=True,
        )
    except Exception as error:
        raise _one_line(model, error) from None
    return loaded.to(device).eval()


def pick_device(wanted: str) -> str:
    """cpu or cuda; `auto` takes a GPU where there is one."""
    import torch

    if wanted == "cuda" and not torch.cuda.is_available():
        raise ModelError("machine.device is cuda, but torch sees no GPU; set it to auto or cpu")
    return ("cuda" if torch.cuda.is_available() else "cpu") if wanted == "auto" else wanted


def quiet() -> None:
    """Keep the libraries' own bars and advice off the screen; ours say what happens."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


def _one_line(model: str, error: Exception) -> ModelError:
    first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return ModelError(f"cannot load {model}: {first.strip()}")
