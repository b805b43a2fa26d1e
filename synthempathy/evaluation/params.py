"""Parameters of the evaluation."""

from __future__ import annotations

from pydantic import Field, field_validator

from synthempathy.core.params import Section
from synthempathy.llm.params import OwnEngine, Sampling


class OtherModel(Section):
    """A further model of the evaluation, or an adapter on one."""

    name: str = Field(pattern=r"^[A-Za-z][\w-]*$")
    model: str = Field(min_length=1)
    revision: str | None
    adapter: str | None
    adapter_name: str | None = None  # the adapter's name on a server
    engine: OwnEngine = None  # over that of the section evaluate


class Evaluate(Section):
    engine: OwnEngine = None
    adapter_name: str | None = Field(default=None, min_length=1)
    also: list[OtherModel]
    sampling: Sampling
    pairs: int | None = Field(ge=1)
    bootstrap_samples: int = Field(ge=100)
    seed: int = Field(ge=0)

    @field_validator("also")
    @classmethod
    def _names_differ(cls, also: list[OtherModel]) -> list[OtherModel]:
        names = ["base", "tuned", "corpus", *(other.name for other in also)]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"the name {twice} is taken; give each model a name of its own")
        return also
