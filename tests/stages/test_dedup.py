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
from ruamel.yaml import YAML

from stages.dedup import dedup
from synthempathy.dedup.params import Dedup
from synthempathy.dedup.repeats import REASONS, find_repeats

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
        "substring": {
            "enabled": changes.get("substring", True), "min_words": 40,
            "action": "trim" if changes.get("trim") else "drop", "min_words_left": 20,
        },
        "semantic": {
            "enabled": changes.get("semantic", False), "model": None, "revision": None, "threshold": 0.95,
            "dimensions": 8, "seed": 1,
        },
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


def set_dedup(params: Path, section: str, **values: Any) -> None:
    """Change keys of dedup.<section>, or of dedup itself where `section` is empty."""
    yaml = YAML()
    content = yaml.load(params)
    (content["dedup"][section] if section else content["dedup"]).update(values)
    yaml.dump(content, params)


@pytest.fixture
def params(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    shutil.copytree(ROOT / "domains", tmp_path / "domains")
    return tmp_path / "params.yaml"


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    rows = [story(id, " ".join(words), extra=id) for id, words, _, _ in PLANTED]
    return [write(tmp_path / "stories.jsonl", rows), *(tmp_path / "out" / n for n in ("u.jsonl", "d.jsonl", "m.json"))]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stages.dedup", *map(str, arguments)]
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
    assert evidence == [{}, {"span": [40, 85], "characters": [310, 669], "length": 45}, {"similarity": 89 / 107}, {}, {}]
    assert json.loads(metrics.read_text()) == {
        "rows_in": 9, "rows_out": 4, "dropped": {"exact": 3, "near": 1, "semantic": 0, "substring": 1}, "trimmed": 0,
    }
    borrowed = next(row for row in duplicates if row["id"] == "borrowed")
    assert borrowed["story"][slice(*borrowed["characters"])] == " ".join(OTHER[30:75])
    assert "9 stories in, 4 kept (0 trimmed), 5 dropped" in done.stderr

    first = [path.read_bytes() for path in paths[1:]]
    assert run(*paths, "--params", params).returncode == 0
    assert [path.read_bytes() for path in paths[1:]] == first


def test_trimmed_stories_go_on_without_the_repeat(paths: list[Path], params: Path) -> None:
    set_dedup(params, "substring", action="trim", min_words_left=45)
    rows = read(paths[0])
    few = story("few", " ".join([*OTHER[:50], *(f"own{k}" for k in range(44))]))
    late = story("late", " ".join([*OTHER[40:90], *(w if k != 50 else "new" for k, w in enumerate(TALE))]))
    write(paths[0], [*rows, few, late])
    dedup(*paths, params=params)
    assert json.loads(paths[3].read_text()) == {
        "rows_in": 11, "rows_out": 5, "dropped": {"exact": 3, "near": 1, "semantic": 0, "substring": 2}, "trimmed": 2,
    }
    unique, told = ({row["id"]: row for row in read(path)} for path in paths[1:3])
    assert unique["borrowed"] == {**rows[3], "story": " ".join([*THIRD[:40], *THIRD[40:60]])}
    assert told["borrowed"]["story"] == rows[3]["story"]
    assert {k: v for k, v in told["borrowed"].items() if k not in rows[3]} == {
        "reason": "trimmed", "detail": "other",
        "trims": [{"partner": "other", "span": [40, 85], "characters": [310, 669], "length": 45}],
    }
    # The next story begins as the trimmed one does, which is kept: it loses that too.
    assert unique["third"]["story"] == " ".join(THIRD[40:]) and told["third"]["detail"] == "borrowed"
    assert told["few"]["reason"] == "substring" and "trims" not in told["few"]
    assert told["late"]["reason"] == "substring" and told["late"]["length"] == 59  # of edited


def test_a_model_that_cannot_be_there_is_named_before_the_stories_are_read(tmp_path: Path, params: Path) -> None:
    set_dedup(params, "semantic", enabled=True, model="./no/folder")
    done = run(tmp_path / "none.jsonl", tmp_path / "u", tmp_path / "d", tmp_path / "m", "--params", params)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "dedup.semantic.model './no/folder'" in done.stderr and "none.jsonl" not in done.stderr


def test_switched_off_methods_count_zero(paths: list[Path], params: Path) -> None:
    set_dedup(params, "", exact=False)
    set_dedup(params, "near", enabled=False)
    set_dedup(params, "substring", enabled=False)
    dedup(*paths, params=params)
    assert json.loads(paths[3].read_text()) == {
        "rows_in": 9, "rows_out": 9, "dropped": {"exact": 0, "near": 0, "semantic": 0, "substring": 0}, "trimmed": 0,
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
    set_dedup(params, "substring", min_words=1)
    done = run(tmp_path / "none.jsonl", tmp_path / "u", tmp_path / "d", tmp_path / "m", "--params", params)
    assert done.returncode == 1
    assert "dedup.substring.min_words" in done.stderr and "none.jsonl" not in done.stderr


def test_help() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "data/duplicate_stories.jsonl" in done.stdout and "keep the first" in done.stdout


@given(
    st.lists(st.lists(st.sampled_from(["a", "B", "c!", "…"]), max_size=8).map(" ".join), max_size=12),
    st.booleans(), st.booleans(), st.booleans(), st.booleans(),
)
@settings(deadline=None)
def test_what_is_dropped_has_an_earlier_partner_that_its_method_kept(
    texts: list[str], exact: bool, substring: bool, near: bool, semantic: bool
) -> None:
    found = find_repeats(texts, settings_of(exact=exact, substring=substring, near=near, semantic=semantic)).dropped
    on = {"exact": exact, "substring": substring, "near": near, "semantic": semantic}
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
    found = find_repeats(texts, settings_of(substring=False, near=False)).dropped
    kept = {i for place, i in enumerate(order) if place not in found}
    assert kept == {2, 3, 4, 5} | {next(i for i in order if i in group) for group in alike}
    everything = find_repeats(texts, settings_of()).dropped
    kept = {i for place, i in enumerate(order) if place not in everything}
    assert order[0] in kept
    assert len(kept & {0, 1, 5, 8}) == 1  # near or the same, all of them
    assert len(kept & {6, 7}) == 1
