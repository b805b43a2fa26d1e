"""stages/sampling/params.yaml, checked: which temperatures and top_ps are tried, on which rows of which step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, WrapValidator, field_validator, model_validator

from synthempathy.core.params import ParamsFile, Section, read_mapping
from synthempathy.generation.params import Brainstorm, Explain, Respond, Step

GRID = Path("stages/sampling/params.yaml")
#: What a cell's diversity is measured by (`measures`).
MEASURES = ("distinct_1", "distinct_2", "self_bleu", "distance_between_samples", "distance_overall")

_SECTIONS: dict[str, type[Step]] = {"brainstorm": Brainstorm, "explain": Explain, "respond": Respond}


def _as_written(value: float, check: Callable[[float], float]) -> float:
    """The value once `check` has passed it: 1 stays 1, because DVC names the cell by it."""
    check(value)
    return value


Temperature = Annotated[float, Field(ge=0, le=2), WrapValidator(_as_written)]
TopP = Annotated[float, Field(gt=0, le=1), WrapValidator(_as_written)]


class Grid(Section):
    """The whole file."""

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
            raise ValueError(f"{twice} is listed twice; name each once")
        return values

    @model_validator(mode="after")
    def _enough_answers(self) -> Grid:
        if self.measured > self.rows * self.samples:
            raise ValueError(f"measured {self.measured} is above rows x samples, {self.rows * self.samples}")
        return self

    def cells(self) -> list[tuple[float, float, str]]:
        """(temperature, top_p, name) of each cell. The name is DVC's: 1 and 1.0 are written apart."""
        return [(t, p, f"{t}-{p}") for t in self.temperatures for p in self.top_ps]

    def settings(self, file: ParamsFile, temperature: float, top_p: float) -> Step:
        """The step's section of params.yaml with the grid's model and draws, each row asked once."""
        own = file.section(self.step, _SECTIONS[self.step])
        sampling = own.sampling.model_copy(update={"temperature": temperature, "top_p": top_p, "seed": self.seed})
        return own.model_copy(update={
            "model": self.model, "revision": self.revision, "models": [], "prompt": self.prompt,
            "sampling": sampling, "attempts": 1,
        })


def load_grid(path: Path) -> Grid:
    """Read the grid. ParamsError names file, line, key and value of the first mistake."""
    return ParamsFile(path, read_mapping(path)).whole(Grid)
