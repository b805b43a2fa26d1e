"""Pretrained encoders and their tokenizers, from a folder or the Hugging Face hub. Safetensors only, no code of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from synthempathy.core.errors import ModelError, ParamsError
from synthempathy.llm.loading import identity, is_folder, quiet
from synthempathy.scorers.params import BiencoderSettings


def content_of(settings: BiencoderSettings) -> str:
    """What the encoder is: a content hash of a folder, or name and revision on the hub. ModelError for no such folder."""
    name = settings.encoder
    if Path(name).is_dir():
        return identity(name, None)
    if "/" in name:  # org/model, or a path where nothing is; one word alone is a name on the hub (roberta-base)
        is_folder(name)
    return f"{name}@{settings.revision}"


def load_tokenizer(name: str, revision: str | None = None) -> Any:
    """The encoder's tokenizer, which must know the places of its tokens in the text. ModelError otherwise."""
    quiet()
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(name, revision=revision, trust_remote_code=False)
    except Exception as error:
        raise _cannot_load(name, error) from None
    if not tokenizer.is_fast:
        raise ModelError(f"{name}: its tokenizer cannot tell where a token stands in the text; take another encoder")
    return tokenizer


def load_encoder(name: str, revision: str | None = None) -> Any:
    """The encoder with its pretrained weights in float32, without a pooler. ModelError otherwise."""
    quiet()
    import torch
    from transformers import AutoModel

    try:
        encoder = AutoModel.from_pretrained(
            name, revision=revision, dtype=torch.float32, use_safetensors=True, trust_remote_code=False,
        )
    except Exception as error:
        raise _cannot_load(name, error) from None
    return _as_encoder(encoder, name)


def empty_encoder(folder: Path) -> Any:
    """An encoder as `folder`'s config.json describes it, its weights not loaded yet."""
    quiet()
    from transformers import AutoConfig, AutoModel

    config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    return _as_encoder(AutoModel.from_config(config, trust_remote_code=False), str(folder))


def check_length(settings: BiencoderSettings, config: Any, tokenizer: Any) -> None:
    """Raise ParamsError if the encoder cannot read texts of `max_length` tokens."""
    limit = min(getattr(config, "max_position_embeddings", 2**31), tokenizer.model_max_length)
    if "roberta" in config.model_type:  # its positions are counted from the one after the padding's id
        limit = min(limit, config.max_position_embeddings - config.pad_token_id - 1)
    if settings.max_length > limit:
        raise ParamsError(
            f"{settings.encoder} reads {limit} tokens at most", field="scorer.biencoder.max_length",
            value=settings.max_length, hint="lower it, or take another encoder",
        )


def _as_encoder(model: Any, name: str) -> Any:
    """`model`, without the pooler that many have and we do not use; ModelError if it reads in one direction only."""
    from transformers import MODEL_FOR_MASKED_LM_MAPPING

    if type(model.config) not in MODEL_FOR_MASKED_LM_MAPPING:
        raise ModelError(f"{name}: a {model.config.model_type} is no encoder; take one like roberta-base")
    if getattr(model, "pooler", None) is not None:
        model.pooler = None
    return model


def _cannot_load(name: str, error: Exception) -> ModelError:
    first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return ModelError(f"scorer.biencoder.encoder: cannot load {name}: {first.strip()}")
