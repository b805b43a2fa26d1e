"""Which test pairs are evaluated: spread evenly over categories, and in them over seeds; no chance in it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from synthempathy.core.records import Pair


def drawn(pairs: list[Pair], wanted: int | None) -> list[Pair]:
    """`wanted` of `pairs` (None or too many: all), in the file's order.

    Taken in turns: one pair of each category, then a second of each, and within a category one of each
    seed before a second of any. More pairs wanted always means the same ones and others.
    """
    if wanted is None or wanted >= len(pairs):
        return list(pairs)
    categories: dict[str, dict[str, list[int]]] = {}
    for place, pair in enumerate(pairs):
        categories.setdefault(pair.category, {}).setdefault(pair.seed_id, []).append(place)
    in_turn = list(_turns([list(_turns(list(seeds.values()))) for seeds in categories.values()]))
    return [pairs[place] for place in sorted(in_turn[:wanted])]


def _turns(queues: list[list[int]]) -> Iterator[int]:
    """The first of each queue, then the second of each, and so on."""
    for turn in zip_longest(*queues):
        yield from (place for place in turn if place is not None)
