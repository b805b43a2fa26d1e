"""split: split the corpus into train, validation and test; a seed's rows go to one side together.

    python -m stages.split data/corpus.jsonl data/train.jsonl data/validation.jsonl data/test.jsonl \\
        metrics/split.json

The shares are of the seeds, over all and as near as may be within each category. A category of three
seeds or more is seen by all sides; so with few seeds, validation and test may get more than their share.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from synthempathy.core.command import run_stage
from synthempathy.core.errors import InputError
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.ledger import Ledger
from synthempathy.core.params import read_params
from synthempathy.core.progress import say
from synthempathy.core.records import Pair, dump_records, read_records
from synthempathy.split.assign import SIDES, assign
from synthempathy.split.params import Split


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


if __name__ == "__main__":
    run_stage(
        split,
        {
            "corpus": "pairs (JSONL)",
            "train": "training pairs (JSONL)",
            "validation": "validation pairs (JSONL)",
            "test": "test pairs (JSONL)",
            "metrics": "rows and seeds per side (JSON)",
        },
        doc=__doc__,
        optional=("metrics",),
    )
