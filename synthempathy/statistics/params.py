"""Parameters of the corpus statistics."""

from __future__ import annotations

from pydantic import Field

from synthempathy.core.params import Section


class Stats(Section):
    top_templates: int = Field(ge=1, le=100)
    self_bleu_sample: int = Field(ge=2, le=5000)
    near_threshold: float | None = Field(gt=0, le=1)
    topics: int = Field(ge=1, le=100)
    seed: int = Field(ge=0, lt=2**32)
