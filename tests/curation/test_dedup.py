"""The stage dedup as a user runs it, and the three methods in turn."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.common.sections import Dedup
from stages.curation.dedup import REASONS, dedup, find_duplicates

ROOT = Path(__file__).parents[2]

TALE = [f"word{k}" for k in range(100)]
OTHER = [f"other{k}" for k in range(100)]
THIRD = [f"third{k}" for k in range(100)]
#: id, words, reason, partner: the last two None where the story is kept.
PLANTED: list[tuple[str, list[str], str | None, str | None]] = [
    ("first", TALE, None, None),
    ("shouted", [w.upper() + "!" for w in TALE], "exact", "first"),
    ("other", OTHER, None, None),
    ("borrowed", [*THIRD[:40], *OTHER[30:75], *THIRD[40:60]], "substring", "other"),
    ("third", THIRD, None, None),
    ("edited", ["new" if k in (20, 50, 80) else w for k, w in enumerate(TALE)], "near", "first"),
    ("wordless", ["…"], None, None),
    ("wordless too", ["?!"], "exact", "wordless"),
    ("again", TALE, "exact", "first"),
]


def settings_of(**changes: bool) -> Dedup:
    return Dedup.model_validate({
        "exact": changes.get("exact", True),
        "substring": {"enabled": changes.get("substring", True), "min_words": 40},
        "near": {
            "enabled": changes.get("near", True), "threshold": 0.7, "permutations": 128, "shingle_words": 3, "seed": 7,
        },
    })


def story(id: str, text: str, **more: Any) -> dict[str, Any]:
    return {
        "id": id, "seed_id": "s1", "category": "Work", "severity": 3.5, "seed": "My boss left.", "story": text,
        "model": "m", **more,
    }


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def params(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    return tmp_path / "params.yaml"


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    rows = [story(id, " ".join(words), extra=id) for id, words, _, _ in PLANTED]
    return [write(tmp_path / "stories.jsonl", rows), *(tmp_path / "out" / n for n in ("u.jsonl", "d.jsonl", "m.json"))]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stages.curation.dedup", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_run_by_hand(paths: list[Path], params: Path) -> None:
    done = run(*paths, "--params", params)
    assert done.returncode == 0, done.stderr
    stories, unique, duplicates, metrics = (read(paths[0]), read(paths[1]), read(paths[2]), paths[3])
    by_id = {row["id"]: row for row in stories}
    assert unique == [by_id[id] for id, _, reason, _ in PLANTED if reason is None]
    planted = [(id, reason, partner) for id, _, reason, partner in PLANTED if reason]
    assert [(row["id"], row["reason"], row["detail"]) for row in duplicates] == planted
    evidence = [{k: v for k, v in row.items() if k not in by_id[row["id"]]} for row in duplicates]
    for found in evidence:
        del found["reason"], found["detail"]
    # 98 shingles, of which 3 changes cost 9: 89 shared of 107.
    assert evidence == [{}, {"span": [40, 85], "length": 45}, {"similarity": 89 / 107}, {}, {}]
    assert json.loads(metrics.read_text()) == {
        "rows_in": 9, "rows_out": 4, "dropped": {"exact": 3, "near": 1, "substring": 1},
    }
    assert "9 stories in, 4 kept, 5 dropped" in done.stderr

    first = [path.read_bytes() for path in paths[1:]]
    assert run(*paths, "--params", params).returncode == 0
    assert [path.read_bytes() for path in paths[1:]] == first


def test_switched_off_methods_count_zero(paths: list[Path], params: Path) -> None:
    text = params.read_text()
    assert text.count("enabled: true") == 2 and "exact: true" in text
    params.write_text(text.replace("enabled: true", "enabled: false").replace("exact: true", "exact: false"))
    dedup(*paths, params=params)
    assert json.loads(paths[3].read_text()) == {
        "rows_in": 9, "rows_out": 9, "dropped": {"exact": 0, "near": 0, "substring": 0},
    }
    assert read(paths[1]) == read(paths[0]) and read(paths[2]) == []


@pytest.mark.parametrize(
    ("lines", "place", "said"),
    [
        ([], "stories.jsonl: ", "no rows"),
        ([story("a", "x"), story("a", "y")], "stories.jsonl:2: field 'id'", "duplicate id, first on line 1 (got 'a')"),
        ([story("a", "x"), {**story("b", "y"), "story": 7}], "stories.jsonl:2: field 'story'", "(got 7)"),
    ],
)
def test_bad_input_is_one_line_and_leaves_the_outputs(
    paths: list[Path], params: Path, lines: list[dict[str, Any]], place: str, said: str
) -> None:
    write(paths[0], lines)
    paths[1].parent.mkdir()
    for path in paths[1:]:
        path.write_text("earlier")
    done = run(*paths, "--params", params)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and place in done.stderr and said in done.stderr
    assert [path.read_text() for path in paths[1:]] == ["earlier"] * 3
    assert sorted(p.name for p in paths[1].parent.iterdir()) == ["d.jsonl", "m.json", "u.jsonl"]


def test_params_are_checked_before_the_stories_are_read(tmp_path: Path, params: Path) -> None:
    params.write_text(params.read_text().replace("min_words: 40  # a repeat", "min_words: 1  # a repeat"))
    done = run(tmp_path / "none.jsonl", tmp_path / "u", tmp_path / "d", tmp_path / "m", "--params", params)
    assert done.returncode == 1
    assert "dedup.substring.min_words" in done.stderr and "none.jsonl" not in done.stderr


def test_help() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "data/duplicate_stories.jsonl" in done.stdout and "keep the first" in done.stdout


@given(
    st.lists(st.lists(st.sampled_from(["a", "B", "c!", "…"]), max_size=8).map(" ".join), max_size=12),
    st.booleans(), st.booleans(), st.booleans(),
)
@settings(deadline=None)
def test_what_is_dropped_has_an_earlier_partner_that_its_method_kept(
    texts: list[str], exact: bool, substring: bool, near: bool
) -> None:
    found = find_duplicates(texts, settings_of(exact=exact, substring=substring, near=near))
    on = {"exact": exact, "substring": substring, "near": near}
    for index, (reason, duplicate) in found.items():
        assert on[reason]
        assert duplicate.index == index and 0 <= duplicate.partner < index
        if duplicate.partner in found:  # then by a later method alone
            assert REASONS.index(found[duplicate.partner][0]) > REASONS.index(reason)


@given(st.permutations(range(len(PLANTED))))
@settings(deadline=None, max_examples=40)
def test_the_first_is_kept_in_any_order(order: list[int]) -> None:
    """Of the stories that repeat one another, the one that comes first is kept, whatever the order."""
    alike = [{0, 1, 8}, {6, 7}]  # exact
    texts = [" ".join(PLANTED[i][1]) for i in order]
    found = find_duplicates(texts, settings_of(substring=False, near=False))
    kept = {i for place, i in enumerate(order) if place not in found}
    assert kept == {2, 3, 4, 5} | {next(i for i in order if i in group) for group in alike}
    everything = find_duplicates(texts, settings_of())
    kept = {i for place, i in enumerate(order) if place not in everything}
    assert order[0] in kept
    assert len(kept & {0, 1, 5, 8}) == 1  # near or the same, all of them
    assert len(kept & {6, 7}) == 1
