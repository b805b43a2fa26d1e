"""Which cell of the grid to choose: the most diverse of the coherent ones.

A cell's diversity is its mean rank over the measures of diversity, over the number of cells measured: 1 is the most
diverse by every measure. Ties share the mean of their ranks.

A cell is coherent where
- its acceptance rate is at least min_coherence times the best cell's, and
- its perplexity is at most max_perplexity times the lowest of the cells with such an acceptance rate. The steps' checks pass
  garbled words; perplexity shows them. (Tukey's fence over the grid would rise with each hotter cell added.)

The coherent cell with the highest diversity is recommended; among equals, the lowest temperature, then the lowest top_p.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from synthempathy.core.metrics import Metrics
from synthempathy.sampling.grid import MEASURES

#: The measures that fall with diversity; the others rise.
FALLING = ("self_bleu",)

Standing = Literal["recommended", "coherent", "low acceptance", "high perplexity", "too few answers"]


class CellMetrics(Metrics):
    """metrics/sampling/cells/*.json. Rates and measures are from 0 to 1; None where nothing could be measured."""

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
class RankedCell:
    """A cell, its diversity among the others (None where it was not measured), and what speaks for or against it."""

    metrics: CellMetrics
    diversity: float | None
    standing: Standing


def rank_cells(cells: Sequence[CellMetrics], min_coherence: float, max_perplexity: float) -> list[RankedCell]:
    """All cells in their order; at most one is recommended. The limits are as in stages/sampling/params.yaml."""
    diversities = _diversities(cells)
    floor = min_coherence * max(cell.acceptance for cell in cells)
    accepting = [cell for cell in cells if cell.acceptance >= floor - 1e-9]
    perplexities = [cell.perplexity for cell in accepting if cell.perplexity is not None]
    ceiling = max_perplexity * min(perplexities, default=math.inf)
    found = [
        RankedCell(cell, diversity, _standing(cell, diversity, floor, ceiling))
        for cell, diversity in zip(cells, diversities, strict=True)
    ]
    coherent = [one for one in found if one.standing == "coherent"]
    if not coherent:
        return found
    best = min(coherent, key=lambda one: (-(one.diversity or 0.0), one.metrics.temperature, one.metrics.top_p))
    return [RankedCell(one.metrics, one.diversity, "recommended") if one is best else one for one in found]


def _diversities(cells: Sequence[CellMetrics]) -> list[float | None]:
    """Mean rank over the measures that any cell has, for the cells that have them all, over the number of those."""
    from scipy.stats import rankdata

    used = [name for name in MEASURES if any(getattr(cell, name) is not None for cell in cells)]
    whole = [i for i, cell in enumerate(cells) if used and all(getattr(cell, name) is not None for name in used)]
    found: list[float | None] = [None] * len(cells)
    if whole:
        ranks = [rankdata([getattr(cells[i], name) * (-1 if name in FALLING else 1) for i in whole]) for name in used]
        for place, i in enumerate(whole):
            found[i] = round(float(sum(rank[place] for rank in ranks)) / len(used) / len(whole), 6)
    return found


def _standing(cell: CellMetrics, diversity: float | None, floor: float, ceiling: float) -> Standing:
    if diversity is None:
        return "too few answers"
    if cell.acceptance < floor - 1e-9:
        return "low acceptance"
    if cell.perplexity is not None and cell.perplexity > ceiling + 1e-9:
        return "high perplexity"
    return "coherent"

