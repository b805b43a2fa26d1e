"""Parameters of the seeds."""

from __future__ import annotations

from pydantic import Field

from synthempathy.core.params import Section


class Seeds(Section):
    path: str = Field(min_length=1)
    limit: int | None = Field(ge=1)
    seed: int = Field(ge=0)
