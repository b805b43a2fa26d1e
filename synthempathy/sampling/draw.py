"""Which rows a cell asks: the same in every cell of a grid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from synthempathy.core.draw import in_turns, rank
from synthempathy.core.records import Explanation, Record, Seed, Story, read_records
from synthempathy.generation.steps import STEPS
from synthempathy.llm.prompts import Prompt
from synthempathy.llm.runner import Row
from synthempathy.sampling.grid import Grid


def rows_of(grid: Grid, inputs: Path, prompt: Prompt) -> list[Row]:
    """`grid.samples` rows, <id>-00, <id>-01, ..., for each of the records drawn from `inputs`."""
    step = STEPS[grid.step]
    return step.rows(draw_evenly(read_records(inputs, step.record), grid.rows, grid.seed), prompt, grid.samples)


def draw_evenly(rows: Sequence[Seed | Story | Explanation], wanted: int, seed: int) -> list[Record]:
    """At most `wanted` rows, the categories in turns, in the file's order.

    Inside a category a hash of seed and id decides: a larger draw holds the rows of a smaller one.
    """
    queues = [
        sorted((row for row in rows if row.category == category), key=lambda row: rank(row.id, seed))
        for category in sorted({row.category for row in rows})
    ]
    taken = {row.id for row in list(in_turns(queues))[:wanted]}
    return [row for row in rows if row.id in taken]
