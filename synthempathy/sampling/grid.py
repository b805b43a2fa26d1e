"""stages/sampling/params.yaml, checked: which temperatures and top_ps are tried, on what."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from synthempathy.core.errors import ParamsError
from synthempathy.core.params import Section, read_mapping
from synthempathy.generation.params import Step
from synthempathy.llm.params import Sampling
from synthempathy.project.params import Params

GRID = Path("stages/sampling/params.yaml")

Temperature = Annotated[int | float, Field(ge=0, le=2)]
TopP = Annotated[int | float, Field(gt=0, le=1)]


class Grid(Section):
    """All of stages/sampling/params.yaml."""

    step: Literal["brainstorm", "explain", "respond"]
    model: str = Field(min_length=1)
    revision: str | None
    prompt: str = Field(pattern=r"^[\w.-]+$")
    inputs: str = Field(min_length=1)
    rows: int = Field(ge=1)
    samples: int = Field(ge=1, le=100)
    temperatures: list[Temperature] = Field(min_length=1)
    top_ps: list[TopP] = Field(min_length=1)
    measured: int = Field(ge=2)
    min_coherence: float = Field(gt=0, le=1)
    max_perplexity: float = Field(ge=1, allow_inf_nan=False)
    seed: int = Field(ge=0)

    @field_validator("temperatures", "top_ps")
    @classmethod
    def _each_once(cls, values: list[float]) -> list[float]:
        twice = next((value for value in values if values.count(value) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice} stands there twice; name each once")
        return values

    @model_validator(mode="after")
    def _enough_answers(self) -> Grid:
        if self.measured > self.rows * self.samples:
            raise ValueError(f"measured {self.measured} is above rows x samples, {self.rows * self.samples}")
        return self

    def cells(self) -> list[tuple[float, float, str]]:
        """(temperature, top_p, name) of each cell. The name is DVC's: 1 and 1.0 are written apart."""
        return [(t, p, f"{t}-{p}") for t in self.temperatures for p in self.top_ps]

    def settings(self, params: Params, temperature: float, top_p: float) -> Step:
        """The step's own section of params.yaml, with the grid's model and draws, each row asked once."""
        step: Step = getattr(params, self.step)
        sampling = Sampling(
            temperature=temperature, top_p=top_p, max_tokens=step.sampling.max_tokens, seed=self.seed,
        )
        return step.model_copy(update={
            "model": self.model, "revision": self.revision, "models": [], "prompt": self.prompt,
            "sampling": sampling, "attempts": 1,
        })


def load_grid(path: Path) -> Grid:
    """Read the grid. ParamsError names file, line, key and value of the first thing that is wrong."""
    found = read_mapping(path)
    try:
        return Grid.model_validate({str(key): _plain(value) for key, value in found.items()})
    except ValidationError as error:
        problems = error.errors()  # a misspelt key is also a missing one: say the former
        problem = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
    place, message = problem["loc"], str(problem["msg"]).removeprefix("Value error, ")
    key = str(place[0]) if place else None
    line = found.lc.key(key)[0] + 1 if key in found else None
    if problem["type"] == "missing":
        raise ParamsError("missing", file=path, field=key, hint="add it")
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(key), Grid.model_fields, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(Grid.model_fields)}"
        raise ParamsError("unknown key", file=path, line=line, field=key, hint=hint)
    value = problem["input"] if place else None
    raise ParamsError(message[0].lower() + message[1:], file=path, line=line, field=key, value=value)


def _plain(value: Any) -> Any:
    """Without ruamel's own types, which pydantic's strict mode would refuse."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    kinds = () if isinstance(value, bool) else (int, float, str)
    return next((kind(value) for kind in kinds if isinstance(value, kind)), value)
