"""Texts as vectors: the mean of an encoder's last states over a text's tokens. Safetensors only, no code of others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from synthempathy.core.errors import ModelError, ParamsError
from synthempathy.core.progress import Advance
from synthempathy.llm.loading import Model, is_folder, pick_device, quiet
from synthempathy.scorers.base import Floats
from synthempathy.scorers.params import EmbeddingsSettings

_FIELD = "scorer.embeddings.encoder"


class Encoder:
    """An encoder from a folder or the Hugging Face hub."""

    def __init__(self, settings: EmbeddingsSettings, device: str) -> None:
        """Loaded when first asked. `device` as in machine.device."""
        self._settings, self._device = settings, device
        self._loaded: tuple[Any, Any] | None = None

    def content(self) -> str:
        """What the encoder is: a content hash of a folder, or name and revision on the hub. ModelError for no such folder."""
        name = self._settings.encoder
        if Path(name).is_dir():
            return Model(name).identity()
        if "/" in name:  # one word alone is a name on the hub
            is_folder(name)
        return f"{name}@{self._settings.revision}"

    def vectors(self, texts: Sequence[str], *, advance: Advance | None = None) -> Floats:
        """(texts, hidden size) of unit length; zeros of a text without tokens. A text is read up to `max_length` tokens.

        The longest are read first, so that batches hold texts of like length; `advance(steps)` after each batch.
        """
        import torch

        tokenizer, model = self._load()
        order = sorted(range(len(texts)), key=lambda i: (-len(texts[i]), i))
        found = np.zeros((len(texts), int(model.config.hidden_size)))
        for first in range(0, len(order), self._settings.batch_size):
            batch = order[first : first + self._settings.batch_size]
            read = tokenizer(
                [texts[i] for i in batch], padding=True, truncation=True, max_length=self._settings.max_length,
                return_tensors="pt", return_token_type_ids=False,
            ).to(model.device)
            with torch.inference_mode():
                states = model(**read).last_hidden_state.float()
            mask = read["attention_mask"].unsqueeze(-1).float()
            mean = (states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1.0)
            found[batch] = torch.nn.functional.normalize(mean, dim=1).double().cpu().numpy()
            if advance:
                advance(len(batch))
        return found

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            quiet()
            import torch
            from transformers import AutoModel, AutoTokenizer

            name, revision = self._settings.encoder, self._settings.revision
            try:
                # A text that spells a special token ("[SEP]") holds none.
                tokenizer = AutoTokenizer.from_pretrained(
                    name, revision=revision, trust_remote_code=False, split_special_tokens=True,
                )
                model = AutoModel.from_pretrained(
                    name, revision=revision, dtype=torch.float32, use_safetensors=True, trust_remote_code=False,
                )
            except Exception as error:
                first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
                raise ModelError(f"{_FIELD}: cannot load {name}: {first.strip()}") from None
            self._check_length(model.config, tokenizer)
            if tokenizer.pad_token_id is None:
                tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
            self._loaded = tokenizer, model.to(pick_device(self._device)).eval()
        return self._loaded

    def _check_length(self, config: Any, tokenizer: Any) -> None:
        limit = min(getattr(config, "max_position_embeddings", 2**31), tokenizer.model_max_length)
        if "roberta" in config.model_type:  # its positions are counted from the one after the padding's id
            limit = min(limit, config.max_position_embeddings - config.pad_token_id - 1)
        if self._settings.max_length > limit:
            raise ParamsError(
                f"{self._settings.encoder} reads {limit} tokens at most", field="scorer.embeddings.max_length",
                value=self._settings.max_length, hint="lower it, or take another encoder",
            )


def pair_rows(posts: Floats, replies: Floats) -> Floats:
    """(pairs, 2 * hidden size): the reply's vector, and its product with the post's by place: how far they say the same."""
    return np.concatenate([replies, replies * posts * np.sqrt(replies.shape[1])], axis=1)
