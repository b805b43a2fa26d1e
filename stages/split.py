"""split: share the corpus out to training, validation and test; a seed's rows go to one side together.

    python -m stages.split data/corpus.jsonl data/train.jsonl data/validation.jsonl data/test.jsonl \\
        metrics/split.json

The shares are of the seeds, over all and as near as may be within each category. A category of three
seeds or more is seen by all sides; so with few seeds, validation and test may get more than their share.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from synthempathy.core.command import run_stage
from synthempathy.core.errors import InputError
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.ledger import Ledger
from synthempathy.core.params import read_params
from synthempathy.core.progress import say
from synthempathy.core.records import Pair, dump_records, read_records
from synthempathy.split.params import Split

SIDES = ("train", "validation", "test")


def split(corpus: Path, train: Path, validation: Path, test: Path, metrics: Path, *, params: Path) -> None:
    """Write the three sides, each in the corpus's order, and their rows and seeds."""
    settings = read_params(params).section("split", Split)
    rows = read_records(corpus, Pair)
    category_of: dict[str, str] = {}
    for row in rows:
        category_of.setdefault(row.seed_id, row.category)
    if len(category_of) < len(SIDES):
        raise InputError(
            f"{len(category_of)} seeds cannot fill {len(SIDES)} sides", file=corpus, field="seed_id",
            hint="a seed's rows stay together: give pairs of at least three seeds",
        )
    side_of = assign(category_of, settings)

    sides = {side: [row for row in rows if side_of[row.seed_id] == side] for side in SIDES}
    seeds = Counter(side_of.values())
    report = Ledger("split", len(rows)).close(rows_out=sum(map(len, sides.values())))
    report |= {side: {"rows": len(sides[side]), "seeds": seeds[side]} for side in SIDES}
    with written_whole(train, validation, test, metrics) as (*parts, metrics_part):
        for side, part in zip(SIDES, parts, strict=True):
            dump_records(part, sides[side])
        write_json(metrics_part, report)
    say("split: " + ", ".join(f"{side} {len(sides[side])} pairs of {seeds[side]} seeds" for side in SIDES))


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


if __name__ == "__main__":
    run_stage(
        split,
        {
            "corpus": "pairs (JSONL)",
            "train": "training pairs (JSONL)",
            "validation": "validation pairs (JSONL)",
            "test": "test pairs (JSONL)",
            "metrics": "rows and seeds a side (JSON)",
        },
        doc=__doc__,
        optional=("metrics",),
    )
