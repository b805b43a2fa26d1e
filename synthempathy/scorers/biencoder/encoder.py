"""Pretrained encoders and their tokenizers, and texts as tokens that know their places.

From a folder or the Hugging Face hub; safetensors only, no code of others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthempathy.core.errors import ModelError, ParamsError
from synthempathy.llm.loading import Model, is_folder, quiet
from synthempathy.scorers.labelled import Span
from synthempathy.scorers.params import BiencoderSettings

if TYPE_CHECKING:
    import torch

#: The label of a token that the loss leaves out, as in torch.
IGNORED = -100


def content_of(settings: BiencoderSettings) -> str:
    """What the encoder is: a content hash of a folder, or name and revision on the hub. ModelError for no such folder."""
    name = settings.encoder
    if Path(name).is_dir():
        return Model(name).identity()
    if "/" in name:  # org/model, or a path where nothing is; one word alone is a name on the hub (roberta-base)
        is_folder(name)
    return f"{name}@{settings.revision}"


def load_tokenizer(name: str, revision: str | None = None) -> Any:
    """The encoder's tokenizer, which must know the places of its tokens in the text. ModelError otherwise."""
    quiet()
    from transformers import AutoTokenizer

    try:
        # A text that spells a special token ("[SEP]") holds none.
        tokenizer = AutoTokenizer.from_pretrained(
            name, revision=revision, trust_remote_code=False, split_special_tokens=True,
        )
    except Exception as error:
        raise _cannot_load(name, error) from None
    if not tokenizer.is_fast:
        raise ModelError(f"{name}: its tokenizer does not know the places of its tokens in the text; take another encoder")
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


def padding(config: Any, tokenizer: Any) -> int:
    """The id that fills batches: RoBERTa counts positions by it."""
    known = [pad for pad in (config.pad_token_id, tokenizer.pad_token_id) if pad is not None]
    return known[0] if known else 0


@dataclass(frozen=True)
class Tokens:
    """A text's tokens: ids, and the place (start, end) of each in the text; (0, 0) for special tokens."""

    ids: list[int]
    spans: list[Span]

    def __len__(self) -> int:
        return len(self.ids)

    def marks(self, rationales: Sequence[Span]) -> list[int]:
        """1 for each token that touches a rationale, 0 for others, IGNORED for special tokens."""
        return [
            IGNORED if start == end else int(any(start < stop and first < end for first, stop in rationales))
            for start, end in self.spans
        ]


class Tokenizer:
    """A Hugging Face tokenizer that cuts texts at `max_length` tokens. `pad` fills the batches."""

    def __init__(self, tokenizer: Any, max_length: int, pad: int) -> None:
        self.tokenizer, self.max_length, self.pad = tokenizer, max_length, pad

    def read(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text, at least one."""
        if not texts:
            return []
        read = self.tokenizer(
            list(texts), truncation=True, max_length=self.max_length, return_offsets_mapping=True,
            return_special_tokens_mask=True, return_attention_mask=False, return_token_type_ids=False,
        )
        found = []
        for ids, places, special in zip(read["input_ids"], read["offset_mapping"], read["special_tokens_mask"], strict=True):
            spans = [(0, 0) if is_special else (int(a), int(b)) for (a, b), is_special in zip(places, special, strict=True)]
            found.append(Tokens(list(ids), spans) if ids else Tokens([self.pad], [(0, 0)]))
        return found

    def tensors(self, texts: Sequence[Tokens]) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids and attention mask, each (texts, longest), padded on the right."""
        import torch

        longest = max(map(len, texts))
        ids = [text.ids + [self.pad] * (longest - len(text)) for text in texts]
        mask = [[1] * len(text) + [0] * (longest - len(text)) for text in texts]
        return torch.tensor(ids), torch.tensor(mask)


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
