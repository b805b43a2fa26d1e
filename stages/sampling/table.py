"""table: the grid's cells side by side, and the temperature and top_p that are recommended.

    python -m stages.sampling.table metrics/sampling/cells metrics/sampling/grid.csv metrics/sampling/grid.json

synthempathy/sampling/recommend.py says how a cell is chosen, measures.py what is measured.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from synthempathy.core.command import Parser, guarded
from synthempathy.core.files import dump_table, write_json, written_whole
from synthempathy.core.harmless import harmless
from synthempathy.core.metrics import read_metrics
from synthempathy.core.params import read_mapping
from synthempathy.core.progress import say, tell
from synthempathy.sampling.grid import GRID, MEASURES, Grid, load_grid
from synthempathy.sampling.recommend import CellMetrics, RankedCell, rank_cells

NOTHING = "nothing to recommend: no cell has enough answers to measure; read data/sampling, or lower `measured`"
COLUMNS = ("temperature", "top_p", "acceptance", "perplexity", *MEASURES)


def table(cells: Path, out: Path, metrics: Path, *, grid: Path, params: Path) -> None:
    """Rank the grid's cells; write the table (CSV) and the recommendation (JSON), and print both."""
    wanted = load_grid(grid)
    names = [name for _, _, name in wanted.cells()]
    measured = [read_metrics(cells / f"{name}.json", CellMetrics) for name in names]
    found = rank_cells(measured, wanted.min_coherence, wanted.max_perplexity)
    left_over = sorted({path.stem for path in cells.glob("*.json")} - set(names))
    if left_over:
        say(f"table: {cells} also holds {', '.join(left_over)}, of another grid; ignored")
    best = next((one for one in found if one.standing == "recommended"), None)
    recommended = _command(wanted, best.metrics, params) if best else NOTHING
    with written_whole(out, metrics) as (out_part, metrics_part):
        dump_table(out_part, (*COLUMNS, "diversity", "standing"), map(_row, found), decimals=None)
        write_json(metrics_part, _metrics(wanted, found, best))
    _print(wanted, found)
    tell(recommended)


def _row(one: RankedCell) -> list[Any]:
    values = [getattr(one.metrics, name) for name in COLUMNS]
    return [*("" if value is None else value for value in values), "" if one.diversity is None else one.diversity, one.standing]


def _metrics(grid: Grid, found: Sequence[RankedCell], best: RankedCell | None) -> dict[str, Any]:
    chosen = {} if best is None else {name: getattr(best.metrics, name) for name in COLUMNS} | {"diversity": best.diversity}
    return {
        "step": grid.step, "model": grid.model, "cells": len(found),
        "coherent": sum(one.standing in ("coherent", "recommended") for one in found),
        "best_acceptance": max(one.metrics.acceptance for one in found), "recommended": chosen,
    }


def _command(grid: Grid, metrics: CellMetrics, params: Path) -> str:
    """The experiment that applies the recommendation. A key that the profile sets is set there: it overlays params.yaml."""
    profile = f"profiles/{read_mapping(params).get('profile')}.yaml"
    overlay = read_mapping(params.parent / profile).get(grid.step) or {}
    sampling = overlay.get("sampling") or {}
    return "dvc exp run " + " ".join(
        f"-S {f'{profile}:' if key in sampling else ''}{grid.step}.sampling.{key}={getattr(metrics, key)}"
        for key in ("temperature", "top_p")
    )


def _print(grid: Grid, found: Sequence[RankedCell]) -> None:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    shown = Table(
        "temp.", "top_p", "accepted", "perpl.", "distinct\n1", "distinct\n2", "self-\nBLEU", "distance\nper row",
        "distance\noverall", "diversity", Column("standing", no_wrap=True),
        title=Text(harmless(f"{grid.step}, {grid.model}")), title_justify="left",
    )
    for one in found:
        cells = ["-" if value in (None, "") else value if isinstance(value, str) else f"{value:.3g}" for value in _row(one)]
        cells[:3] = [str(one.metrics.temperature), str(one.metrics.top_p), f"{one.metrics.acceptance:.0%}"]
        shown.add_row(*cells, style="bold" if one.standing == "recommended" else None if one.standing == "coherent" else "dim")
    Console(width=120).print(shown)


if __name__ == "__main__":
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cells", type=Path, help="folder of the cells' figures (JSON)")
    parser.add_argument("out", type=Path, help="where the table goes (CSV)")
    parser.add_argument("metrics", type=Path, help="where the recommendation goes (JSON)")
    parser.add_argument("--grid", type=Path, default=GRID, help="default: %(default)s")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="default: %(default)s")
    given = parser.parse_args()
    guarded(lambda: table(**vars(given)), params=given.params)
