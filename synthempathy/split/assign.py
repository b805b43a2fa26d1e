"""Which side each seed goes to: shares of the seeds over all, and as near as may be within each category."""

from __future__ import annotations

import random

from synthempathy.split.params import Split

SIDES = ("train", "validation", "test")


def assign(category_of: dict[str, str], settings: Split) -> dict[str, str]:
    """The side of each seed, for three seeds or more. Depends on the ids and categories, not on their order."""
    seeds = sorted(category_of)
    random.Random(settings.seed).shuffle(seeds)
    free: dict[str, list[str]] = {}
    for seed in seeds:
        free.setdefault(category_of[seed], []).append(seed)
    sizes = {category: len(members) for category, members in free.items()}
    side_of = dict.fromkeys(seeds, "train")
    for side, share, later_sides in (("test", settings.test, 2), ("validation", settings.validation, 1)):
        room = {category: len(members) for category, members in free.items()}
        for category, seats in _seats(sizes, room, share, later_sides).items():
            for _ in range(seats):
                side_of[free[category].pop()] = side
    return side_of


def _seats(sizes: dict[str, int], room: dict[str, int], share: float, later_sides: int) -> dict[str, int]:
    """How many seeds of each category a side gets, out of the `room` that the sides before it left.

    First its share of each category, rounded down, but one at least of a category that all sides can
    see. Then, up to its share of all seeds, one at a time from the category furthest below its share.
    Each category leaves a seed to each of the later sides; only smaller ones, at need, do not.
    """
    spared = {category: min(later_sides, size - 1) for category, size in sizes.items()}
    seats = {}
    for category, size in sizes.items():
        least = 1 if size >= len(SIDES) else 0
        seats[category] = min(max(least, int(share * size)), max(0, room[category] - spared[category]))
    total = min(max(1, round(share * sum(sizes.values()))), sum(room.values()) - later_sides)
    while sum(seats.values()) < total:
        left = {category: room[category] - seats[category] for category in sizes}
        givers = [c for c in sizes if left[c] > spared[c]] or [c for c in sizes if left[c] and sizes[c] < len(SIDES)]
        if not givers:  # every category on every side comes before the shares
            break
        below = {c: share * sizes[c] - seats[c] for c in givers}
        seats[max(givers, key=lambda c: (below[c], left[c]))] += 1
    return seats
