"""Parameters of the generation steps."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from synthempathy.core.params import Section
from synthempathy.llm.params import OwnEngine, Sampling, WeightedModel


class Step(Section):
    """What the three generation steps share."""

    model: str = Field(min_length=1)
    revision: str | None
    models: list[WeightedModel]
    engine: OwnEngine = None
    prompt: str = Field(pattern=r"^[\w.-]+$")
    sampling: Sampling
    attempts: int = Field(ge=1, le=20)
    min_words: int = Field(ge=1)
    max_words: int = Field(ge=1)
    markup: Literal["drop", "flatten"] = "drop"

    @model_validator(mode="after")
    def _words_in_order(self) -> Step:
        if self.min_words > self.max_words:
            raise ValueError(f"min_words {self.min_words} is above max_words {self.max_words}")
        return self

    @model_validator(mode="after")
    def _models_once(self) -> Step:
        names = [(one.model, one.revision) for one in self.models]
        twice = next((name for name, _ in names if names.count((name, _)) > 1), None)
        if twice is not None:
            raise ValueError(f"models names {twice} twice; give it once, with the sum of the weights")
        return self

    @property
    def mixture(self) -> tuple[WeightedModel, ...]:
        """The models that write the rows: `models`, or `model` alone where that is empty."""
        return tuple(self.models) or (WeightedModel(model=self.model, revision=self.revision),)


class Brainstorm(Step):
    stories_per_seed: int = Field(ge=1, le=1000)


class Explain(Step):
    pass


class Respond(Step):
    structured: bool = False  # reasoning and response as the fields of a JSON object, where the backend can hold a model to it
