"""Training examples in their parts: word lists put into frames, as data/safety/patterns.yaml describes them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from synthempathy.core.large_yaml import read_model
from synthempathy.filters.classifier.model import LABELS
from synthempathy.filters.examples import Example
from synthempathy.filters.rules.topics import TOPICS

#: What a composed example counts in training beside a written one: there are many of them, and all alike.
WEIGHT = 0.2


class _Recipe(BaseModel):
    """`times` frames for each word."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: str
    field: Literal["explanation", "response"]
    frames: str
    words: str
    times: int = Field(ge=1)


class _Patterns(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    examples: list[_Recipe]
    frames: dict[str, list[str]]
    words: dict[str, list[str]]

    @model_validator(mode="after")
    def _names_are_known(self) -> _Patterns:
        for recipe in self.examples:
            for kind, name, known in (("frames", recipe.frames, self.frames), ("words", recipe.words, self.words)):
                if name not in known:
                    raise ValueError(f"examples name the {kind} {name!r}; there are: {', '.join(known)}")
            if recipe.reason not in ("", *LABELS):
                raise ValueError(f"unknown reason {recipe.reason!r}; there are: {', '.join(LABELS)}")
            if recipe.times > len(self.frames[recipe.frames]):
                raise ValueError(f"{recipe.times} of only {len(self.frames[recipe.frames])} frames {recipe.frames!r}")
        return self


def composed(path: Path, seed: int) -> list[Example]:
    """All examples of the file, each text once; the same seed draws the same. InputError says what is wrong.

    What they say about the sensitive topics is unknown: `also` names them all.
    """
    patterns = read_model(path, _Patterns)
    draw = random.Random(seed)
    found: dict[str, Example] = {}
    for recipe in patterns.examples:
        for words in patterns.words[recipe.words]:
            for frame in draw.sample(patterns.frames[recipe.frames], recipe.times):
                text = frame.replace("{x}", words).replace("{X}", words[:1].upper() + words[1:])
                found.setdefault(text, Example(text, recipe.field, recipe.reason, frozenset(TOPICS), WEIGHT))
    return list(found.values())
