"""check: look at the grid's params, prompt, model and inputs before DVC removes an output.

    python -m stages.sampling.check data/seeds.jsonl prompts/brainstorm/default.jinja data/sampling/checked.json

What it writes never changes, so nothing is rerun because of it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from synthempathy.core.command import guarded
from synthempathy.core.files import write_json
from synthempathy.core.progress import say
from synthempathy.llm.loading import is_folder
from synthempathy.project.params import load_params
from synthempathy.sampling.grid import GRID, load_grid
from synthempathy.sampling.steps import asks_of, prompt_of


def check(inputs: Path, prompt: Path, checked: Path, *, grid: Path, params: Path) -> None:
    """Raise on the first thing that is wrong; write `checked` when all is well."""
    wanted, loaded = load_grid(grid), load_params(params)
    if loaded.engine.backend != "openai":
        is_folder(wanted.model)
    asks = asks_of(wanted.step, inputs, prompt_of(wanted.step, prompt), wanted.rows, wanted.samples, wanted.seed)
    write_json(checked, {"params, prompt, model, inputs": "read without an error"})
    say(f"check: {len(wanted.cells())} cells of {len(asks)} answers each, {wanted.step} by {wanted.model}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", type=Path, help="what the step reads (JSONL)")
    parser.add_argument("prompt", type=Path, help="the prompt's template (Jinja)")
    parser.add_argument("checked", type=Path, help="written when all is well (JSON)")
    parser.add_argument("--grid", type=Path, default=GRID, help="default: %(default)s")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="default: %(default)s")
    given = parser.parse_args()
    guarded(lambda: check(given.inputs, given.prompt, given.checked, grid=given.grid, params=given.params))
