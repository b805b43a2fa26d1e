"""The stage split: whole seeds to one side, rows conserved, bad input refused."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stages.split import split
from synthempathy.split.assign import SIDES
from tests.helpers.empathy import CATEGORIES

ROOT = Path(__file__).parents[2]


def pair(id: str, seed_id: str, category: str) -> dict[str, Any]:
    return {
        "id": id, "seed_id": seed_id, "category": category, "severity": None, "seed": "x", "story": "x", "model": "m",
        "explanation": "x", "explanation_model": "m", "response": "é", "reasoning": "", "response_model": "m",
    }


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def corpus_rows() -> list[dict[str, Any]]:
    """Five seeds in each of nine categories, one to four rows per seed, rows of a seed far apart."""
    rows = [
        pair(f"p{c}-{s}-{k}", f"seed{c}-{s}", category)
        for k in range(4) for c, category in enumerate(CATEGORIES) for s in range(5) if k <= (c + s) % 4
    ]
    random.Random(3).shuffle(rows)
    return rows


@pytest.fixture
def params(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    shutil.copytree(ROOT / "domains", tmp_path / "domains")
    return tmp_path / "params.yaml"


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    names = ("train.jsonl", "validation.jsonl", "test.jsonl", "split.json")
    return [write(tmp_path / "corpus.jsonl", corpus_rows()), *(tmp_path / "out" / name for name in names)]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stages.split", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_run_by_hand(paths: list[Path], params: Path) -> None:
    done = run(*paths, "--params", params)
    assert done.returncode == 0, done.stderr
    rows, sides = read(paths[0]), [read(path) for path in paths[1:4]]
    seeds = [{row["seed_id"] for row in side} for side in sides]
    assert not (seeds[0] & seeds[1] or seeds[0] & seeds[2] or seeds[1] & seeds[2])
    for side in sides:  # the rows as they were, in the corpus's order
        ids = {row["id"] for row in side}
        assert side == [row for row in rows if row["id"] in ids]
        assert {row["category"] for row in side} == set(CATEGORIES)
    metrics = json.loads(paths[4].read_text())
    assert metrics == {
        "rows_in": len(rows), "rows_out": len(rows), "dropped": {},
        **{n: {"rows": len(s), "seeds": len(k)} for n, s, k in zip(SIDES, sides, seeds, strict=True)},
    }
    assert sum(map(len, sides)) == len(rows)

    first = [path.read_bytes() for path in paths[1:]]
    assert run(*paths, "--params", params).returncode == 0
    assert [path.read_bytes() for path in paths[1:]] == first


def test_order_of_the_corpus_does_not_move_a_seed(paths: list[Path], params: Path) -> None:
    split(*paths, params=params)
    before = [{row["id"] for row in read(path)} for path in paths[1:4]]
    write(paths[0], corpus_rows()[::-1])
    split(*paths, params=params)
    assert [{row["id"] for row in read(path)} for path in paths[1:4]] == before


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([pair("a", "s1", "Work"), pair("b", "s2", "Work"), pair("c", "s1", "Work")], "2 seeds cannot fill 3 sides"),
        ([], "no rows"),
        ([pair("a", "s1", "Work"), {"id": "b"}], ":2: field 'seed_id': missing"),
    ],
)
def test_bad_input_is_one_line_and_leaves_the_outputs(
    paths: list[Path], params: Path, rows: list[dict[str, Any]], said: str
) -> None:
    write(paths[0], rows)
    paths[1].parent.mkdir()
    for path in paths[1:]:
        path.write_text("earlier")
    done = run(*paths, "--params", params)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "corpus.jsonl" in done.stderr and said in done.stderr
    assert [path.read_text() for path in paths[1:]] == ["earlier"] * 4


def test_help() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "metrics/split.json" in done.stdout
