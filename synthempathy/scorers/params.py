"""Parameters of the scorers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, RootModel, model_validator

from synthempathy.core.params import Section
from synthempathy.llm.params import Engine, Sampling

Share = Annotated[float, Field(gt=0, lt=1)]


class LevelShares(RootModel[dict[str, Annotated[list[Share], Field(min_length=3, max_length=3)]]]):
    """How frequent levels 0, 1 and 2 are, per dimension of the domain's rubric."""

    model_config = ConfigDict(strict=True, frozen=True)

    @model_validator(mode="after")
    def _sum_to_one(self) -> LevelShares:
        for dimension, shares in self.root.items():
            if abs(sum(shares) - 1) > 0.005:
                raise ValueError(f"the shares of {dimension} sum to {sum(shares):.3f}, not to 1")
        return self

    def of(self, dimension: str) -> list[float] | None:
        """Those of a dimension; None where it has none, and is taken to be as in the labelled pairs."""
        return self.root.get(dimension)


class LinearSettings(Section):
    shares: LevelShares | None  # of the levels where the scorer is used; null: as in its pairs
    doubts: bool


class EmbeddingsSettings(Section):
    """Logistic regression on the sentence embeddings of an encoder."""

    encoder: str = Field(min_length=1)
    revision: str | None
    max_length: int = Field(ge=8)  # tokens of a text
    batch_size: int = Field(ge=1)
    inverse_penalty: float = Field(gt=0, allow_inf_nan=False)
    shares: LevelShares | None  # as those of the linear one


class BiencoderSettings(Section):
    """EPITOME's model, one per mechanism, and its training."""

    encoder: str = Field(min_length=1)
    revision: str | None
    freeze_seeker: bool
    learning_rate: float = Field(gt=0, le=1)
    batch_size: int = Field(ge=1)
    epochs: int = Field(ge=1)
    max_length: int = Field(ge=8)  # tokens of a text
    level_weight: float = Field(gt=0, allow_inf_nan=False)  # of the two losses
    rationale_weight: float = Field(ge=0, allow_inf_nan=False)
    dropout: float = Field(ge=0, lt=1)
    seed: int = Field(ge=0)


class JudgeSettings(Section):
    """An LLM that is asked by a rubric."""

    model: str = Field(min_length=1)
    revision: str | None
    engine: Engine
    prompt: str = Field(pattern=r"^[\w.-]+$")
    samples: int = Field(ge=1, le=100)  # per pair
    sampling: Sampling
    attempts: int = Field(ge=1, le=20)
    structured: bool = False  # held to the JSON schema of an answer, where the backend can

    @model_validator(mode="after")
    def _samples_differ(self) -> JudgeSettings:
        if self.samples > 1 and self.sampling.temperature == 0:
            raise ValueError(f"{self.samples} samples at temperature 0 are all the same; take 1, or raise sampling.temperature")
        return self


class Scorer(Section):
    path: str = Field(min_length=1)
    also: str = Field(min_length=1)
    kind: Literal["linear", "embeddings", "biencoder", "judge"]
    linear: LinearSettings
    embeddings: EmbeddingsSettings
    biencoder: BiencoderSettings
    judge: JudgeSettings
    folds: int = Field(ge=2, le=20)
    seed: int = Field(ge=0)
