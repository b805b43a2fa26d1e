"""check: validate the grid's params, prompt, model and inputs before DVC removes an output.

    python -m stages.sampling.check data/seeds.jsonl prompts/brainstorm/default.jinja \\
        data/sampling/checked.json models/named/sampling

What it writes never changes, so nothing is rerun because of it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from synthempathy.core.command import Parser, from_params, guarded
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.params import read_params
from synthempathy.core.progress import say
from synthempathy.generation.steps import STEPS
from synthempathy.llm.backends import backend_of, check_model
from synthempathy.llm.loading import Model, is_folder, link_models
from synthempathy.llm.params import Engine, Machine
from synthempathy.sampling.draw import rows_of
from synthempathy.sampling.grid import GRID, load_grid


def check(inputs: Path, prompt: Path, checked: Path, named: Path, *, grid: Path, params: Path) -> None:
    """Raise on the first mistake; write `checked`, and the links to the model, when there is none."""
    wanted, file = load_grid(grid), read_params(params)
    file.section("machine", Machine)
    for temperature, top_p, _ in wanted.cells():
        wanted.settings(file, temperature, top_p)
    engine = file.section("engine", Engine)
    check_model(Model(wanted.model, wanted.revision), engine)
    rows = rows_of(wanted, inputs, STEPS[wanted.step].prompt(prompt))
    local = backend_of(engine).local_weights and is_folder(wanted.model)
    with written_whole(checked, named) as (checked_part, named_part):
        write_json(checked_part, {"params, prompt, model, inputs": "read without an error"})
        link_models(named_part, [Path(wanted.model)] if local else [])
    say(f"check: {len(wanted.cells())} cells of {len(rows)} answers each, {wanted.step} by {wanted.model}")


if __name__ == "__main__":
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", help="what the step reads (JSONL)")
    parser.add_argument("prompt", help="the prompt's template (Jinja)")
    parser.add_argument("checked", type=Path, help="written when all is well (JSON)")
    parser.add_argument("named", type=Path, help="links to the model's files, written (folder; see stages/check.py)")
    parser.add_argument("--grid", type=Path, default=GRID, help="default: %(default)s")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="default: %(default)s")
    given = parser.parse_args()
    guarded(lambda: check(
        from_params(given.inputs, given.grid), from_params(given.prompt, given.grid), given.checked, given.named,
        grid=given.grid, params=given.params,
    ), params=given.params)
