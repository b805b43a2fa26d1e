"""Parameters of fine-tuning. What changes speed and memory alone is machine.training and machine.launch (llm/params.py)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from synthempathy.core.params import Section
from synthempathy.llm.params import Sampling, TemplateArguments


class Lora(Section):
    """The layers that are trained beside the base model's own."""

    rank: int = Field(ge=1)
    alpha: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)
    target_modules: list[str] | Literal["all-linear"] = Field(min_length=1)
    rank_stabilized: bool = False  # scaled by alpha / sqrt(rank), not alpha / rank
    dora: bool = False  # direction and length of the weights learned apart


class Dpo(Section):
    """Preferences: the corpus's response over the base model's own answer to the same explanation."""

    beta: float = Field(default=0.1, gt=0)  # how closely the model is held to the base model
    response_weight: float = Field(default=1.0, ge=0)  # of the response's own loss beside the preference's
    margin: float = Field(default=0.1, ge=0, le=2)  # of the rubric's whole, by which the response must be better
    sampling: Sampling = Sampling(temperature=0.7, top_p=0.95, max_tokens=320, seed=47)  # of the base model's answers


class Finetune(Section):
    """What is trained, on what, and how."""

    kind: Literal["sft", "dpo"] = "sft"
    model: str = Field(min_length=1)
    revision: str | None
    dtype: Literal["float32", "bfloat16"]
    quantization: Literal["nf4"] | None = None  # of the base model's weights while it trains
    template: TemplateArguments = Field(default={})  # of the chat template, in training and evaluation
    prompt: str = Field(pattern=r"^[\w.-]+$")
    lora: Lora
    learning_rate: float = Field(gt=0, le=1)
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    max_length: int = Field(ge=16)
    eval_steps: int | None = Field(default=None, ge=1)  # null: once an epoch
    patience: int = Field(ge=1)
    seed: int = Field(ge=0)
    dpo: Dpo = Dpo()
