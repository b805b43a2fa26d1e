"""The grid's table: one row per cell, one recommendation, and a line for what is wrong."""

import csv
import json
import re
from pathlib import Path

import pytest

from stages.sampling.table import table
from synthempathy.core.errors import InputError

ROOT = Path(__file__).parents[3]
FIGURES = {
    "asked": 10, "unanswered": 0, "accepted": 10, "acceptance": 1.0, "rejected": {}, "perplexity": 2.0, "distinct_1": 0.5,
    "distinct_2": 0.5, "self_bleu": 0.5, "distance_between_samples": 0.5, "distance_overall": 0.5,
}


@pytest.fixture
def project(tmp_path):
    """params.yaml, profiles and the grid in a folder of their own, and a cell's figures for each of four cells."""
    (tmp_path / "profiles").mkdir()
    for name in ("params.yaml", "profiles/embedded.yaml", "profiles/paper.yaml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    text = (ROOT / "stages/sampling/params.yaml").read_text()
    text = re.sub(r"temperatures: \[.*?\]", "temperatures: [0.5, 1]", text)
    (tmp_path / "grid.yaml").write_text(re.sub(r"top_ps: \[.*?\]", "top_ps: [0.9, 1.0]", text))
    (tmp_path / "cells").mkdir()
    for temperature in (0.5, 1):
        for top_p in (0.9, 1.0):
            figures = FIGURES | {"temperature": float(temperature), "top_p": top_p, "distinct_1": temperature / 2 * top_p}
            (tmp_path / f"cells/{temperature}-{top_p}.json").write_text(json.dumps(figures))
    return tmp_path


def run(project, params="params.yaml"):
    table(
        project / "cells", project / "grid.csv", project / "grid.json", grid=project / "grid.yaml", params=project / params
    )


def test_the_table_names_every_cell_of_the_grid_and_recommends_one(project, capsys):
    (project / "cells/1.3-0.9.json").write_text("of another grid")
    run(project)
    rows = list(csv.DictReader((project / "grid.csv").read_text().splitlines()))
    assert [(row["temperature"], row["top_p"]) for row in rows] == [
        ("0.5", "0.9"), ("0.5", "1.0"), ("1.0", "0.9"), ("1.0", "1.0"),
    ]
    assert [row["standing"] for row in rows] == ["coherent"] * 3 + ["recommended"]
    metrics = json.loads((project / "grid.json").read_text())
    assert (metrics["recommended"]["temperature"], metrics["recommended"]["top_p"]) == (1.0, 1.0)
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == (
        "dvc exp run -S brainstorm.sampling.temperature=1.0 -S brainstorm.sampling.top_p=1.0"
    )
    assert "1.3-0.9" in said.err


def test_the_experiment_sets_the_profile_where_the_profile_decides(project, capsys):
    params = project / "params.yaml"
    params.write_text(params.read_text().replace("profile: embedded", "profile: paper"))
    run(project)
    line = capsys.readouterr().out.splitlines()[-1]
    assert "-S profiles/paper.yaml:brainstorm.sampling.temperature=1.0" in line


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (None, "1-0.9.json: no such file"), ("{", "1-0.9.json:1: not JSON"), ("{}", "1-0.9.json: field 'temperature'"),
        (json.dumps(FIGURES | {"temperature": 1.0, "top_p": 0.9, "acceptance": 2.0}), "field 'acceptance'"),
    ],
)
def test_figures_that_are_missing_or_broken_leave_the_table_as_it_was(project, figures, said):
    run(project)
    before = [(project / name).read_bytes() for name in ("grid.csv", "grid.json")]
    path = project / "cells/1-0.9.json"
    path.unlink() if figures is None else path.write_text(figures)
    with pytest.raises(InputError, match=said):
        run(project)
    assert [(project / name).read_bytes() for name in ("grid.csv", "grid.json")] == before


def test_nothing_to_recommend_is_said(project, capsys):
    for path in (project / "cells").glob("*.json"):
        none = {"accepted": 0, "acceptance": 0.0} | {k: None for k, v in FIGURES.items() if v in (0.5, 2.0)}
        path.write_text(json.dumps(json.loads(path.read_text()) | none))
    run(project)
    assert capsys.readouterr().out.splitlines()[-1].startswith("nothing to recommend")
    assert json.loads((project / "grid.json").read_text())["recommended"] == {}
