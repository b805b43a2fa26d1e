"""What the corpus covers: the stress categories, the seeds' severity, and the one by the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from synthempathy.core.records import CATEGORIES, Pair

#: Lower edges of the bands of SAD's severity, 0 to 10; 10 itself is in the last.
BAND_EDGES = (0, 2, 4, 6, 8)
BANDS = (*(f"{edge}-{edge + 2}" for edge in BAND_EDGES), "unknown")


def category_counts(pairs: Sequence[Pair]) -> dict[str, int]:
    """Pairs per category: SAD's nine in their order, even at 0, then any others by name."""
    counts = Counter(pair.category for pair in pairs)
    return {c: counts[c] for c in (*CATEGORIES, *sorted(counts.keys() - set(CATEGORIES)))}


def severity_counts(pairs: Sequence[Pair]) -> dict[str, int]:
    """Pairs per band of severity, even at 0."""
    counts = Counter(map(band, pairs))
    return {name: counts[name] for name in BANDS}


def coverage(pairs: Sequence[Pair]) -> list[tuple[str, str, int]]:
    """Category, band of severity, pairs: every cell, even at 0."""
    counts = Counter((pair.category, band(pair)) for pair in pairs)
    return [(category, name, counts[category, name]) for category in category_counts(pairs) for name in BANDS]


def band(pair: Pair) -> str:
    """The band of the seed's severity; `unknown` where the row has none from 0 to 10."""
    severity = getattr(pair, "severity", None)
    if isinstance(severity, bool) or not isinstance(severity, int | float) or not 0 <= severity <= 10:
        return "unknown"
    return BANDS[min(int(severity) // 2, len(BAND_EDGES) - 1)]
