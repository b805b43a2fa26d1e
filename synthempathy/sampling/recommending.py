"""Which cell of the grid to take: the most diverse of the coherent ones.

A cell's diversity is its mean rank over the measures of diversity, over the number of cells measured: 1 is the most
diverse by every measure. Ties share the mean of their ranks.

A cell is coherent where
- its acceptance rate is at least min_coherence times the best cell's, and
- its perplexity is at most max_perplexity times the lowest of the cells that accept so much. The steps' checks pass
  garbled words; perplexity shows them. (Tukey's fence over the grid would move up with each hotter cell added.)

Recommended is the coherent cell of the highest diversity; of several the one of the lowest temperature, then top_p.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

#: Measures of diversity, and whether more of it is more diverse.
RISING = {
    "distinct_1": True, "distinct_2": True, "self_bleu": False, "distance_between_samples": True,
    "distance_overall": True,
}

Standing = Literal["recommended", "coherent", "low acceptance", "high perplexity", "too few answers"]


class Figures(BaseModel):
    """What a cell measured. Rates and measures are from 0 to 1; None where nothing could be measured."""

    model_config = ConfigDict(extra="forbid", strict=True)

    temperature: float
    top_p: float
    asked: int
    unanswered: int
    accepted: int
    acceptance: float = Field(ge=0, le=1)
    rejected: dict[str, int]
    perplexity: float | None = Field(ge=0)
    distinct_1: float | None
    distinct_2: float | None
    self_bleu: float | None
    distance_between_samples: float | None
    distance_overall: float | None


@dataclass(frozen=True)
class Judged:
    """A cell, its diversity among the others (None where it was not measured), and what speaks for or against it."""

    figures: Figures
    diversity: float | None
    standing: Standing


def judged(cells: Sequence[Figures], min_coherence: float, max_perplexity: float) -> list[Judged]:
    """All cells in their order; at most one is recommended."""
    diversities = _diversities(cells)
    least = min_coherence * max(cell.acceptance for cell in cells)
    likely = [cell.perplexity for cell in cells if cell.perplexity is not None and cell.acceptance >= least - 1e-9]
    most = max_perplexity * min(likely, default=math.inf)
    found = [
        Judged(cell, diversity, _standing(cell, diversity, least, most))
        for cell, diversity in zip(cells, diversities, strict=True)
    ]
    coherent = [one for one in found if one.standing == "coherent"]
    if not coherent:
        return found
    best = min(coherent, key=lambda one: (-(one.diversity or 0.0), one.figures.temperature, one.figures.top_p))
    return [Judged(one.figures, one.diversity, "recommended") if one is best else one for one in found]


def _diversities(cells: Sequence[Figures]) -> list[float | None]:
    """Mean rank over the measures that any cell has, for the cells that have them all, over the number of those."""
    from scipy.stats import rankdata

    used = [name for name in RISING if any(getattr(cell, name) is not None for cell in cells)]
    whole = [i for i, cell in enumerate(cells) if used and all(getattr(cell, name) is not None for name in used)]
    found: list[float | None] = [None] * len(cells)
    if whole:
        ranks = [rankdata([getattr(cells[i], name) * (1 if RISING[name] else -1) for i in whole]) for name in used]
        for place, i in enumerate(whole):
            found[i] = round(float(sum(rank[place] for rank in ranks)) / len(used) / len(whole), 6)
    return found


def _standing(cell: Figures, diversity: float | None, least: float, most: float) -> Standing:
    if diversity is None:
        return "too few answers"
    if cell.acceptance < least - 1e-9:
        return "low acceptance"
    if cell.perplexity is not None and cell.perplexity > most + 1e-9:
        return "high perplexity"
    return "coherent"

