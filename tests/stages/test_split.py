"""The stage split: whole seeds to one side, each category on every side, shares as asked."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from stages.split import split
from synthempathy.core.records import CATEGORIES
from synthempathy.split.assign import SIDES, assign
from synthempathy.split.params import Split

ROOT = Path(__file__).parents[2]


def shares(validation: float = 0.12, test: float = 0.2, seed: int = 29) -> Split:
    return Split(validation=validation, test=test, seed=seed)


def seeds_of(*sizes: int) -> dict[str, str]:
    """Seeds by the size of each category."""
    return {f"s{c}-{k}": f"category {c}" for c, size in enumerate(sizes) for k in range(size)}


def seats(category_of: dict[str, str], side_of: dict[str, str]) -> dict[str, Counter[str]]:
    """For each category, its seeds a side."""
    table: dict[str, Counter[str]] = {category: Counter() for category in category_of.values()}
    for seed, category in category_of.items():
        table[category][side_of[seed]] += 1
    return table


sizes_strategy = st.lists(st.integers(1, 12), min_size=1, max_size=10)
share_strategy = st.floats(0.01, 0.98)


@given(sizes_strategy, share_strategy, share_strategy, st.integers(0, 5))
@hypothesis_settings(deadline=None, max_examples=300)
@example([3], 0.49, 0.5, 0)
@example([1, 1, 1], 0.49, 0.5, 0)
@example([1, 2], 0.01, 0.01, 0)
@example([3, 3, 3], 0.05, 0.9, 0)
@example([10, *[2] * 20], 0.12, 0.2, 0)
def test_sides_are_filled_and_see_every_category(sizes: list[int], validation: float, test: float, seed: int) -> None:
    assume(sum(sizes) >= 3 and validation + test < 1)
    category_of = seeds_of(*sizes)
    side_of = assign(category_of, shares(validation, test, seed))
    assert set(side_of) == set(category_of)
    assert set(side_of.values()) == set(SIDES)
    for counts in seats(category_of, side_of).values():
        if counts.total() >= 3:
            assert set(counts) == set(SIDES)


@given(sizes_strategy, st.randoms(use_true_random=False))
@hypothesis_settings(deadline=None)
def test_depends_on_the_seeds_and_not_on_their_order(sizes: list[int], shuffled: random.Random) -> None:
    category_of = seeds_of(*sizes)
    assume(len(category_of) >= 3)
    items = list(category_of.items())
    shuffled.shuffle(items)
    assert assign(dict(items), shares()) == assign(category_of, shares())


@given(st.lists(st.integers(30, 90), min_size=1, max_size=9), st.floats(0.05, 0.3), st.floats(0.05, 0.3))
@hypothesis_settings(deadline=None, max_examples=50)
def test_shares_hold_over_all_and_in_each_category(sizes: list[int], validation: float, test: float) -> None:
    category_of = seeds_of(*sizes)
    side_of = assign(category_of, shares(validation, test))
    total = Counter(side_of.values())
    assert total["validation"] == round(validation * len(category_of))
    assert total["test"] == round(test * len(category_of))
    for counts in seats(category_of, side_of).values():
        assert abs(counts["validation"] - validation * counts.total()) <= 1
        assert abs(counts["test"] - test * counts.total()) <= 1


def test_the_embedded_size() -> None:
    """54 seeds, six a category: every category on every side comes before validation's share of 6.5 seeds."""
    category_of = seeds_of(*[6] * 9)
    side_of = assign(category_of, shares())
    assert Counter(side_of.values()) == {"train": 34, "validation": 9, "test": 11}
    for counts in seats(category_of, side_of).values():
        assert counts["validation"] == 1 and counts["test"] in (1, 2)


def test_small_categories_do_not_drain_a_large_one() -> None:
    category_of = seeds_of(10, *[1] * 100)
    side_of = assign(category_of, shares())
    large = seats(category_of, side_of)["category 0"]
    assert large["test"] in (2, 3) and large["validation"] in (1, 2)  # of shares of 2 and 1.2
    assert Counter(side_of.values()) == {"train": 75, "validation": 13, "test": 22}


def test_the_seed_draws_other_seeds() -> None:
    category_of = seeds_of(*[20] * 5)
    draws = [assign(category_of, shares(seed=seed)) for seed in (1, 2)]
    assert draws[0] != draws[1]
    assert Counter(draws[0].values()) == Counter(draws[1].values())


def test_the_draw_is_pinned() -> None:
    """A corpus split today is split the same tomorrow, by any Python."""
    test_seeds = sorted(s for s, side in assign(seeds_of(6, 6), shares()).items() if side == "test")
    assert test_seeds == ["s0-1", "s1-2"]


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
    """Five seeds in each of nine categories, one to four rows a seed, rows of a seed far apart."""
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
