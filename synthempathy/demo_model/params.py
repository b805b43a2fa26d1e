"""The recipe of the demonstration model: stages/demo_model/params.yaml, checked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from synthempathy.core.params import Section

Task = Literal["story", "explanation", "reply", "copy"]


class Mix(Section):
    """How tellings are drawn."""

    known: float = Field(ge=0, le=1)  # share of hand-written situations; the others know only the person's own words
    joined: float = Field(default=0.0, ge=0, le=1)  # share of the unknown whose words are two sentences joined
    scrambled: float = Field(default=0.0, ge=0, le=1)  # share of the unknown whose words come in any order


class Architecture(Section):
    """Of a MistralForCausalLM with tied embeddings."""

    hidden_size: int = Field(ge=1)
    intermediate_size: int = Field(ge=1)
    num_hidden_layers: int = Field(ge=1)
    num_attention_heads: int = Field(ge=1)
    num_key_value_heads: int = Field(ge=1)
    max_position_embeddings: int = Field(ge=1)


class Copying(Section):
    """The copying curriculum."""

    steps: int = Field(ge=1)
    rows: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    random_share: float = Field(ge=0, le=1)


class Phase(Section):
    """A phase of training on the pipeline's tasks."""

    name: str = Field(pattern=r"^\w+$")
    steps: int = Field(ge=1)
    tokens: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    warmup: int = Field(ge=1)
    horizon: int = Field(ge=1)
    final_share: float = Field(ge=0, le=1)
    mixture: dict[Task, float]
    stories: Mix
    others: Mix
    edited: float = Field(default=0.0, ge=0, le=1)  # share of the own respond prompts in which a sentence is changed


class Recipe(Section):
    """The whole file."""

    seed: int = Field(ge=0)
    architecture: Architecture
    copying: Copying
    phases: list[Phase] = Field(min_length=1)
