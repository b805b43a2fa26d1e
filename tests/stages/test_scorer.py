"""The stage scorer from the command line."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "data" / "empathy" / "labelled_pairs.csv"
OUTPUTS = (
    "models/scorer/scorer.json", "models/scorer/weights.safetensors", "metrics/scorer.json",
    "metrics/scorer_calibration.csv", "metrics/scorer_confusion.csv",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with params.yaml (3 folds) and every third of the shipped posts."""
    yaml = YAML()
    params = yaml.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["scorer"] |= {"folds": 3, "seed": 5, "also": "own_pairs.csv"}
    with (tmp_path / "params.yaml").open("w", encoding="utf-8") as stream:
        yaml.dump(params, stream)
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    shutil.copytree(ROOT / "domains", tmp_path / "domains")
    with SHIPPED.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    posts = {post: number for number, post in enumerate(dict.fromkeys(row[1] for row in rows[1:]))}
    with (tmp_path / "labelled_pairs.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([rows[0], *(row for row in rows[1:] if posts[row[1]] % 3 == 0)])
    (tmp_path / "own_pairs.csv").write_text(",".join(rows[0]) + "\n", encoding="utf-8")
    return tmp_path


def run(project: Path, labelled: str = "labelled_pairs.csv") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stages.scorer", labelled, "models/scorer", *OUTPUTS[2:]]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def outputs(project: Path) -> dict[str, bytes]:
    return {name: (project / name).read_bytes() for name in OUTPUTS if (project / name).is_file()}


def test_the_stage_writes_a_scorer_and_cross_validated_figures_twice_the_same(project: Path) -> None:
    done = run(project)
    assert done.returncode == 0, done.stderr
    first = outputs(project)
    assert set(first) == set(OUTPUTS)
    figures: dict[str, Any] = json.loads(first["metrics/scorer.json"])
    assert list(figures) == [
        "er", "ip", "ex", "leave_one_author_out", "kind", "pairs", "source", "rows_in", "dropped", "rationales_ignored",
    ]
    left_out = figures["leave_one_author_out"]
    authors = left_out["authors"]
    assert list(authors) == ["project", "forum 1", "forum 2", "forum 3"]
    assert sum(one["pairs"] for one in authors.values()) == figures["pairs"]
    assert "unseen: cross-validated er 0." in done.stderr and "of an author it never read er 0." in done.stderr
    about = json.loads(first["models/scorer/scorer.json"])["about"]
    assert about["scorer"] == "linear" and about["sources"] == ["authored: labelled_pairs.csv"]
    assert about["authors"] == {name: one["pairs"] for name, one in authors.items()} and len(about["limits"]) > 2
    assert figures["source"] == "authored: labelled_pairs.csv"
    for mechanism in ("er", "ip", "ex"):
        assert list(figures[mechanism]) == ["accuracy", "macro_f1", "kappa", "f1_0", "f1_1", "f1_2", "calibration_error"]
        assert 0.6 < figures[mechanism]["macro_f1"] < 1.0
        of_each = [one[mechanism] for one in authors.values()]
        assert left_out[mechanism]["macro_f1"] == pytest.approx(sum(of_each) / len(of_each), abs=1e-5)
        assert about["macro_f1"]["leave_one_author_out"][mechanism] == pytest.approx(left_out[mechanism]["macro_f1"], abs=1e-4)
        assert 0.0 < figures[mechanism]["calibration_error"] < 0.15
        mean = sum(figures[mechanism][f"f1_{level}"] for level in range(3)) / 3
        assert figures[mechanism]["macro_f1"] == pytest.approx(mean, abs=1e-5)
    for table in ("metrics/scorer_calibration.csv", "metrics/scorer_confusion.csv"):
        cells = list(csv.DictReader(first[table].decode().splitlines()))
        for mechanism in ("er", "ip", "ex"):  # every pair stands in one bin, and in one cell
            assert sum(int(c["pairs"]) for c in cells if c["mechanism"] == mechanism) == figures["pairs"]
    assert run(project).returncode == 0
    assert outputs(project) == first


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("explanation,response,er,ip\n", ["bad.csv:1:", "lacks ex"]),
        ("explanation,response,er,ip,ex\npost,reply,0,0,7\n", ["bad.csv:2:", "'ex'", "'7'"]),
        ("explanation,response,er,ip,ex\npost,reply,0,0,0\n", ["bad.csv:", "'er'", "level 0 appears under 1 explanations"]),
        ("explanation,response,er,ip,ex\n", ["bad.csv:", "no labelled pair"]),
    ],
)
def test_a_wrong_file_is_one_line_and_leaves_the_earlier_outputs(project: Path, text: str, parts: list[str]) -> None:
    for name in OUTPUTS:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("earlier", encoding="utf-8")
    (project / "bad.csv").write_text(text, encoding="utf-8")
    done = run(project, "bad.csv")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("error: ")
    assert all(part in done.stderr for part in parts), done.stderr
    assert set(outputs(project).values()) == {b"earlier"}
    assert sorted(p.name for p in (project / "models").iterdir()) == ["scorer"]


def test_params_are_checked_before_the_data_is_read(project: Path) -> None:
    text = (project / "params.yaml").read_text(encoding="utf-8").replace("folds: 3", "folds: 1")
    (project / "params.yaml").write_text(text, encoding="utf-8")
    done = run(project, "missing.csv")
    assert done.returncode == 1
    assert "folds" in done.stderr and "missing.csv" not in done.stderr


def test_help_explains_the_paths(project: Path) -> None:
    command = [sys.executable, "-m", "stages.scorer", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "labelled pairs" in done.stdout and "python -m stages.scorer {scorer.path} models/scorer" in done.stdout


def test_the_second_source_and_the_judges_prompt_are_found_beside_the_params_file(project: Path, tmp_path: Path) -> None:
    yaml = YAML()
    params = yaml.load((project / "params.yaml").read_text(encoding="utf-8"))
    params["scorer"] |= {"kind": "judge"}
    with (project / "params.yaml").open("w", encoding="utf-8") as stream:
        yaml.dump(params, stream)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    paths = ["../labelled_pairs.csv", "model", "scorer.json", "--params", "../params.yaml"]
    command = [sys.executable, "-m", "stages.scorer", *paths]
    done = subprocess.run(
        command, cwd=elsewhere, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "error: ../prompts/judge/epitome.jinja: no such prompt; there are: none"
