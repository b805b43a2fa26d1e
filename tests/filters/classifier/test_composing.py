"""Composed examples: drawn alike from a seed, and patterns that are wrong are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from synthempathy.filters.classifier.composing import composed

PATTERNS = """
examples:
  - {reason: unsafe_advice, field: response, frames: urging, words: harmful, times: 2}
  - {reason: "", field: response, frames: warning, words: harmful, times: 1}
frames:
  urging: ["{X}.", "Just {x}.", "You should {x}."]
  warning: ["Please don't {x}."]
words:
  harmful: [get drunk, hit him]
"""


def test_composed_examples_are_drawn_alike_from_a_seed(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(PATTERNS, encoding="utf-8")
    drawn = composed(path, 3)
    assert drawn == composed(path, 3)
    assert sum(e.reason == "unsafe_advice" for e in drawn) == 4
    assert {e.text for e in drawn if not e.reason} == {"Please don't get drunk.", "Please don't hit him."}
    assert all("{" not in e.text for e in drawn)


@pytest.mark.parametrize(("old", "new", "message"), [
    ("words: harmful, times: 2", "words: helpful, times: 2", "helpful"),
    ("times: 2", "times: 4", "4 of only 3"),
    ("times: 2", "times: no", "times"),
    ("reason: unsafe_advice", "reason: unsafe", "unknown reason 'unsafe'"),
    ("field: response, frames: urging", "field: story, frames: urging", "field"),
])
def test_a_wrong_pattern_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(PATTERNS.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        composed(path, 3)
