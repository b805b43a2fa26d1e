"""No parameter reaches a shell: commands of dvc.yaml name parameters, and the stages read them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stages.sampling.check import GRID
from synthempathy.core.params import read_mapping
from synthempathy.project.declared import PIPELINES
from tests.helpers.pairs import ROOT
from tests.helpers.params import set_params

#: What a shell would obey, or split, in whatever quotes it stood.
HOSTILE = [
    "x;touch${IFS}X;.csv", "$(touch X).csv", "`touch X`.csv", '";touch X;".csv', "';touch X;'.csv", "SAD_v1 (1).csv", "R&D.csv",
    "a\nb.csv", "*.csv", "-n.csv", "$HOME.csv", "ü \U0001f642.csv", "{a}.csv",
]


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_no_command_holds_what_dvc_fills_in(pipeline: Path) -> None:
    for name, stage in read_mapping(ROOT / pipeline)["stages"].items():
        filled = re.findall(r"\$\{.*?\}", stage["cmd"])
        assert filled == (["${item}"] if name == "cell" else []), name  # which DVC quotes: see the next test


def test_dvc_quotes_the_values_of_a_matrix() -> None:
    from dvc.parsing.interpolate import to_str

    assert to_str({"temperature": "1;touch X", "top_p": 0.5}) == "--temperature '1;touch X' --top_p 0.5"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_path_may_hold_whatever_paths_hold(name: str, tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / name).write_bytes((ROOT / "data/seeds/stressors.csv").read_bytes())
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    (tmp_path / "profiles").symlink_to(ROOT / "profiles")
    (tmp_path / "domains").symlink_to(ROOT / "domains")
    set_params(tmp_path / "params.yaml", **{"seeds.path": f"seeds/{name}"})
    command = read_mapping(ROOT / "dvc.yaml")["stages"]["seeds"]["cmd"].replace("python", sys.executable, 1)
    before = {*tmp_path.iterdir()}
    ended = subprocess.run(
        command, shell=True, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert {path.name for path in {*tmp_path.iterdir()} - before} == {"data", "metrics", ".synthempathy"}


#: All of it in one value: whatever a shell would split, expand or run, in any quotes.
EVERYTHING = """a b;touch X;'";touch X;"'$(touch X)`touch X`|touch X&touch X>X\n#*?{x}$HOME\\"""
#: Where the named parameters of each pipeline's commands stand.
FILES = {"dvc.yaml": "params.yaml", "stages/sampling/dvc.yaml": "stages/sampling/params.yaml"}
NAMING = [
    (file, name, [key for key in re.findall(r"(?<!\$)\{([\w.]+)\}", stage["cmd"]) if key not in ("temperature", "top_p")])
    for file in FILES for name, stage in read_mapping(ROOT / file)["stages"].items() if re.search(r"(?<!\$)\{", stage["cmd"])
]


@pytest.mark.parametrize(("file", "stage", "keys"), NAMING, ids=[f"{file.partition('/')[0]}-{name}" for file, name, _ in NAMING])
def test_no_command_executes_what_its_parameters_hold(file: str, stage: str, keys: list[str], tmp_path: Path) -> None:
    for name in ("stages/sampling/params.yaml", "params.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "profiles").symlink_to(ROOT / "profiles")
    set_params(tmp_path / FILES[file], **dict.fromkeys(keys, EVERYTHING))
    command = read_mapping(ROOT / file)["stages"][stage]["cmd"].replace("python", sys.executable, 1)
    ended = subprocess.run(
        command.replace("${item}", "--temperature 1 --top_p 1"), shell=True, cwd=tmp_path, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert ended.returncode == 1 and ended.stderr.startswith("error: "), ended.stderr  # there is no such file, or no such name
    assert "Traceback" not in ended.stderr and not [*tmp_path.rglob("X")]


def test_every_command_that_names_a_parameter_is_among_them() -> None:
    assert {name for file, name, _ in NAMING if file == "dvc.yaml"} >= {
        "check", "seeds", "brainstorm", "explain", "respond", "quality", "scorer",
    }
    assert all(keys for _, _, keys in NAMING)


def test_a_cell_whose_value_is_no_number_is_refused_by_name(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "stages.sampling.cell", "{inputs}", "p", "a", "m", "--temperature", "1;touch X", "--top_p", "1"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )
    assert ended.returncode == 2
    assert "--temperature: invalid" in ended.stderr
    assert (ROOT / GRID).is_file()
