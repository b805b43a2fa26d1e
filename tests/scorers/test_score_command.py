"""score: anyone's pairs in, the same pairs with scores out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from synthempathy.core.params import read_params
from synthempathy.scorers.kinds import train_scorer
from synthempathy.scorers.params import Scorer
from synthempathy.scorers.sources import read_labelled
from tests.helpers.empathy import AROUND, DIMENSIONS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with a scorer at the default place."""
    path = tmp_path_factory.mktemp("score")
    pairs = read_labelled(ROOT / "data" / "empathy" / "labelled_pairs.csv", dimensions=DIMENSIONS).pairs[::3]
    train_scorer(pairs, read_params(ROOT / "params.yaml").section("scorer", Scorer), AROUND).save(path / "models" / "scorer")
    return path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "synthempathy", "score", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_every_row_keeps_its_fields_and_gets_scores(folder: Path) -> None:
    write(folder / "pairs.jsonl", [
        {"response": "I feel so sad for you.", "note": {"by": "me"}, "explanation": "My cat died.", "er": 9},
        {"explanation": "My cat died.", "response": "", "id": "x"},
        {"explanation": "My cat died.", "response": "", "id": "x2"},
    ])
    done = run(folder, "pairs.jsonl", "out/scored.jsonl")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (folder / "out" / "scored.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row.get("id") for row in rows] == [None, "x", "x2"]
    assert rows[0]["note"] == {"by": "me"} and rows[0]["response"] == "I feel so sad for you."
    assert 1.5 < rows[0]["er"] <= 2
    assert rows[0]["empathy"] == pytest.approx((rows[0]["er"] + rows[0]["ip"] + rows[0]["ex"]) / 3, abs=2e-4)
    assert {name: rows[1][name] for name in ("er", "ip", "ex", "empathy")} == {"er": 0, "ip": 0, "ex": 0, "empathy": 0}
    assert "3 pairs" in done.stderr


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ('{"explanation": "a"}', ["pairs.jsonl:2:", "'response'", "missing"]),
        ('{"explanation": "a", "response": 3}', ["pairs.jsonl:2:", "'response'", "3"]),
        ("not json", ["pairs.jsonl:2:", "not JSON"]),
    ],
)
def test_a_wrong_row_is_one_line_and_nothing_is_written(folder: Path, line: str, parts: list[str]) -> None:
    (folder / "pairs.jsonl").write_text(f'{{"explanation": "a", "response": "b"}}\n{line}\n', encoding="utf-8")
    (folder / "scored.jsonl").write_text("earlier", encoding="utf-8")
    done = run(folder, "pairs.jsonl", "scored.jsonl")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and all(part in done.stderr for part in parts), done.stderr
    assert (folder / "scored.jsonl").read_text(encoding="utf-8") == "earlier"


def test_a_folder_without_a_scorer_says_how_to_get_one(folder: Path) -> None:
    write(folder / "pairs.jsonl", [{"explanation": "a", "response": "b"}])
    done = run(folder, "pairs.jsonl", "none.jsonl", "--scorer", "nowhere")
    assert done.returncode == 1
    assert done.stderr == (
        "error: nowhere: no scorer here; run `dvc repro scorer`, or name a folder that the stage scorer wrote\n"
    )
    assert not (folder / "none.jsonl").exists()


def test_help(folder: Path) -> None:
    done = run(folder, "--help")
    assert done.returncode == 0 and "--scorer" in done.stdout and "synthempathy score pairs.jsonl" in done.stdout
