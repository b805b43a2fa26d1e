"""The grid's own params: what they hold, and a line for what is wrong."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from synthempathy.core.errors import ParamsError
from synthempathy.core.params import read_params
from synthempathy.sampling.grid import load_grid

ROOT = Path(__file__).parents[2]
GRID = ROOT / "stages/sampling/params.yaml"


def test_the_shipped_grid_is_sound_and_takes_the_step_as_it_is():
    grid = load_grid(GRID)
    file = read_params(ROOT / "params.yaml")
    settings, step = grid.settings(file, 0.3, 0.8), file.values[grid.step]
    assert (settings.sampling.temperature, settings.sampling.top_p, settings.attempts) == (0.3, 0.8, 1)
    assert (settings.min_words, settings.max_words, settings.sampling.max_tokens) == (
        step["min_words"], step["max_words"], step["sampling"]["max_tokens"],
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("rows: 24", "rowss: 24", "field 'rowss': unknown key; did you mean 'rows'"),
        ("rows: 24", "rows: many", "field 'rows': .*got 'many'"),
        ("seed: 47", "", "field 'seed': missing"),
        ("[0.4, 0.7, 1.0]", "[0.5, 3]", r"field 'temperatures\.1': .*less than or equal to 2"),
        ("[0.4, 0.7, 1.0]", "[1.0, 1]", r"field 'temperatures': 1\.0 is listed twice"),
        ("[0.4, 0.7, 1.0]", "[]", "field 'temperatures'"),
        ("[0.8, 0.92, 1.0]", "[0.0]", r"field 'top_ps\.0': .*greater than 0"),
        ("step: brainstorm", "step: dedup", "field 'step': .*got 'dedup'"),
        ("measured: 32", "measured: 49", "measured 49 is above rows x samples, 48"),
        ("min_coherence: 0.9", "min_coherence: 90", "field 'min_coherence'"),
    ],
)
def test_a_mistake_in_the_grid_is_one_line_that_names_it(tmp_path, old, new, said):
    path = tmp_path / "grid.yaml"
    assert old in GRID.read_text()
    path.write_text(GRID.read_text().replace(old, new, 1))
    with pytest.raises(ParamsError, match=said) as caught:
        load_grid(path)
    assert str(caught.value).startswith(f"{path}:") and "\n" not in str(caught.value)
    if "missing" not in said and "above" not in said:
        assert re.match(rf"{re.escape(str(path))}:\d+: ", str(caught.value))


def test_a_number_is_kept_as_it_is_written(tmp_path):
    """Because DVC names a cell by it."""
    path = tmp_path / "grid.yaml"
    path.write_text(GRID.read_text().replace("[0.4, 0.7, 1.0]", "[0, 1]").replace("[0.8, 0.92, 1.0]", "[1.0]"))
    assert [name for _, _, name in load_grid(path).cells()] == ["0-1.0", "1-1.0"]


def test_dvc_makes_one_stage_per_cell():
    """And no cell depends on the lists, so that a temperature added runs its own cells alone."""
    said = subprocess.run(
        [str(Path(sys.executable).parent / "dvc"), "stage", "list", "stages/sampling/dvc.yaml"], cwd=ROOT,
        capture_output=True, text=True,
    )
    assert said.returncode == 0, said.stderr
    names = {line.split()[0].removeprefix("stages/sampling/dvc.yaml:") for line in said.stdout.splitlines()}
    assert names == {"check", "table", *(f"cell@{name}" for _, _, name in load_grid(GRID).cells())}
    cell = YAML(typ="safe").load((GRID.parent / "dvc.yaml").read_text())["stages"]["cell"]
    listed = set(cell["params"][-1]["stages/sampling/params.yaml"])
    assert not listed & {"temperatures", "top_ps", "min_coherence", "max_perplexity"}
    assert "stages/sampling/params.yaml" not in cell["deps"]
