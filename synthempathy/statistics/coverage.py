"""What the corpus covers: the categories, the seeds' severity, and the one by the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from synthempathy.core.records import UNKNOWN, Pair, severity_band

#: Of the bands of severity, 0 to 10.
EDGES = (0, 2, 4, 6, 8, 10)
BANDS = tuple(f"{edge}-{edge + 2}" for edge in EDGES[:-1])


def category_counts(pairs: Sequence[Pair], categories: Sequence[str]) -> dict[str, int]:
    """Pairs per category: `categories` in their order, even at 0, then any others by name."""
    counts = Counter(pair.category for pair in pairs)
    return {c: counts[c] for c in (*categories, *sorted(counts.keys() - set(categories)))}


def severity_counts(pairs: Sequence[Pair]) -> dict[str, int]:
    """Pairs per band of severity, even at 0."""
    counts = Counter(map(_band, pairs))
    return {name: counts[name] for name in (*BANDS, UNKNOWN)}


def coverage(pairs: Sequence[Pair], categories: Sequence[str]) -> list[tuple[str, str, int]]:
    """Category, band of severity, pairs: every cell, even at 0."""
    counts = Counter((pair.category, _band(pair)) for pair in pairs)
    names = (*BANDS, UNKNOWN)
    return [(category, name, counts[category, name]) for category in category_counts(pairs, categories) for name in names]


def _band(pair: Pair) -> str:
    return severity_band(pair, EDGES, BANDS)
