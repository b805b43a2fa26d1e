"""Parameters of fine-tuning."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from synthempathy.core.params import Section


class Lora(Section):
    rank: int = Field(ge=1)
    alpha: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)
    target_modules: list[str] = Field(min_length=1)


class Finetune(Section):
    model: str = Field(min_length=1)
    revision: str | None
    dtype: Literal["float32", "bfloat16"]
    prompt: str = Field(pattern=r"^[\w.-]+$")
    lora: Lora
    learning_rate: float = Field(gt=0, le=1)
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    max_length: int = Field(ge=16)
    patience: int = Field(ge=1)
    seed: int = Field(ge=0)
