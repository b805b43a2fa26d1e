"""What `compare` found of one system, before it is text, Markdown or a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from synthempathy.evaluation.differences import Difference
from synthempathy.evaluation.score_table import ScoredResponse


@dataclass(frozen=True)
class Compared:
    """A system in A and B.

    Attributes:
        heading: how many rows there are, and how many pair.
        differences: one for each score, that of their mean last; none where too few rows pair.
        sentences: what it comes to, in words.
        first, second: all rows of the system in A and in B.
    """

    system: str
    heading: str
    differences: Sequence[Difference]
    sentences: Sequence[str]
    first: Sequence[ScoredResponse]
    second: Sequence[ScoredResponse]
