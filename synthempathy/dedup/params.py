"""Parameters of deduplication."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from synthempathy.core.params import Section


class NearDuplicates(Section):
    enabled: bool
    threshold: float = Field(gt=0, le=1)
    permutations: int = Field(ge=16, le=1024)
    shingle_words: int = Field(ge=1, le=20)
    seed: int = Field(ge=0)


class RepeatedSubstrings(Section):
    enabled: bool
    min_words: int = Field(ge=2)
    action: Literal["drop", "trim"]
    min_words_left: int = Field(ge=1)


class SemanticDuplicates(Section):
    enabled: bool
    model: str | None = Field(min_length=1)
    revision: str | None
    threshold: float = Field(gt=0, le=1)
    dimensions: int = Field(ge=2, le=4096)
    seed: int = Field(ge=0, lt=2**32)


class Dedup(Section):
    exact: bool
    near: NearDuplicates
    substring: RepeatedSubstrings
    semantic: SemanticDuplicates
