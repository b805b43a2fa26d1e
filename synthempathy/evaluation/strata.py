"""The test pairs by category and severity: which are evaluated, and the figures of each group."""

from __future__ import annotations

from collections.abc import Sequence

from synthempathy.core.draw import in_turns
from synthempathy.core.records import UNKNOWN, Pair, severity_band
from synthempathy.scorers.base import Floats

#: Of the bands of severity. Their scale is 0 to 10.
EDGES = (float("-inf"), 4, 6, float("inf"))
BANDS = ("under_4", "4_to_6", "6_and_over")

#: The indices of each group's pairs.
Members = dict[str, list[int]]


def draw_pairs(pairs: list[Pair], wanted: int | None) -> list[Pair]:
    """`wanted` of `pairs` (None or too many: all), in the file's order.

    No chance in it. Taken in turns: one pair of each category, then a second of each, and within a category one of each
    seed before a second of any. More pairs wanted always means the same ones and others.
    """
    if wanted is None or wanted >= len(pairs):
        return list(pairs)
    categories: dict[str, dict[str, list[int]]] = {}
    for place, pair in enumerate(pairs):
        categories.setdefault(pair.category, {}).setdefault(pair.seed_id, []).append(place)
    in_turn = list(in_turns([list(in_turns(seeds.values())) for seeds in categories.values()]))
    return [pairs[place] for place in sorted(in_turn[:wanted])]


def by_category(pairs: Sequence[Pair], order: Sequence[str]) -> Members:
    """The pairs' places by category: those of `order` in its order, then any others by name."""
    found = _members([pair.category for pair in pairs])
    others = sorted(set(found) - set(order))
    return {name: found[name] for name in (*order, *others) if name in found}


def by_severity(pairs: Sequence[Pair]) -> Members:
    """The pairs' places by band of severity, mild first; those without one last."""
    found = _members([severity_band(pair, EDGES, BANDS) for pair in pairs])
    return {name: found[name] for name in (*BANDS, UNKNOWN) if name in found}


def group_figures(scores: dict[str, Floats], groups: Members) -> dict[str, dict[str, float | int]]:
    """Mean scores and pairs of each group; the last of `scores` is the dimensions' mean."""
    *dimensions, whole = scores
    return {
        name: {
            **{mechanism: float(scores[mechanism][places].mean()) for mechanism in dimensions},
            "mean": float(scores[whole][places].mean()),
            "pairs": len(places),
        }
        for name, places in groups.items()
    }


def _members(names: Sequence[str]) -> Members:
    found: Members = {}
    for place, name in enumerate(names):
        found.setdefault(name, []).append(place)
    return found
