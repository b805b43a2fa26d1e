"""The stage `seeds`: which sentences are left out and why, and the two files."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from synthempathy.core.records import Seed, read_records
from tests.helpers.empathy import CATEGORIES

ROOT = Path(__file__).parents[2]
HEADER = ["sID", "sentence", "is_stressor", "top_label", "avg_severity", "Source"]


def params_with(folder: Path, **seeds: Any) -> Path:
    """params.yaml as shipped, but for some of the keys of `seeds`, and a profile that says nothing."""
    yaml = YAML()
    params = yaml.load(ROOT / "params.yaml")
    params["seeds"].update(seeds)
    path = folder / "params.yaml"
    yaml.dump(params, path)
    (folder / "profiles").mkdir(exist_ok=True)
    if not (folder / "domains").exists():
        (folder / "domains").symlink_to(ROOT / "domains")
    (folder / "profiles" / f"{params['profile']}.yaml").write_text("{}\n")
    return path


def write_csv(path: Path, rows: list[list[str]], header: list[str] = HEADER) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


def run(source: Path, folder: Path, params: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stages.seeds", source, folder / "seeds.jsonl", folder / "seeds.json"]
    return subprocess.run([*map(str, command), "--params", str(params)], cwd=ROOT, capture_output=True, text=True)


def row(number: int, sentence: str, category: str = "Work", severity: str = "5", stressor: str = "1") -> list[str]:
    return [str(number), sentence, stressor, category, severity, "authored"]


def test_every_reason_is_counted_and_rows_are_conserved(tmp_path: Path) -> None:
    source = write_csv(
        tmp_path / "in.csv",
        [
            row(1, "  my boss   shouts\tat me "),
            row(2, "the bus was on time", stressor="0"),
            row(3, "?"),
            row(4, ""),
            row(5, "money - 200 ..."),
            row(6, "I lost my job", severity="0"),
            row(7, "I lost my keys", category="Keys"),
            row(8, "My Boss shouts at ME"),
            row(9, "the rent went up", category="Financial Problem", severity=""),
            row(10, "the landlord sold the house", category="Other", severity="7.5"),
            row(11, "the neighbours drill at night", category="Other"),
        ],
    )
    done = run(source, tmp_path, params_with(tmp_path, limit=3))
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "seeds.json").read_text())
    assert metrics["dropped"] == {
        "not_wanted": 1, "empty_or_unusable": 3, "severity_zero": 1, "unknown_category": 1,
        "duplicate_sentence": 1, "over_limit": 1,
    }
    assert metrics["rows_in"] == 11 and metrics["rows_out"] == 3
    assert metrics["categories"] == {c: int(c in ("Work", "Financial Problem", "Other")) for c in CATEGORIES}
    first, second, third = read_records(tmp_path / "seeds.jsonl", Seed)
    assert first == Seed(
        id="authored-0001", sentence="my boss shouts at me", category="Work", severity=5.0, source="authored"
    )
    assert second.severity is None
    assert third.category == "Other"


def test_same_bytes_whatever_the_order_of_the_rows(tmp_path: Path) -> None:
    rows = [row(n, f"sentence of number {n} here", category=CATEGORIES[n % 9]) for n in range(60)]
    params = params_with(tmp_path, limit=20)
    written = set()
    for order in (rows, rows[::-1], rows[30:] + rows[:30]):
        assert run(write_csv(tmp_path / "in.csv", order), tmp_path, params).returncode == 0
        written.add(((tmp_path / "seeds.jsonl").read_bytes(), (tmp_path / "seeds.json").read_bytes()))
    assert len(written) == 1


def test_first_of_a_duplicate_by_id_stays_even_when_it_stands_later(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", [row(2, "I Lost My Job"), row(1, "i lost my job")])
    assert run(source, tmp_path, params_with(tmp_path, limit=None)).returncode == 0
    assert [s.sentence for s in read_records(tmp_path / "seeds.jsonl", Seed)] == ["i lost my job"]


def test_shipped_seeds_are_all_used_but_the_marked_ones(tmp_path: Path) -> None:
    done = run(ROOT / "data" / "seeds" / "stressors.csv", tmp_path, params_with(tmp_path, limit=None))
    assert done.returncode == 0, done.stderr
    dropped = json.loads((tmp_path / "seeds.json").read_text())["dropped"]
    assert {reason for reason, rows in dropped.items() if rows} <= {"not_wanted"}
    assert {s.category for s in read_records(tmp_path / "seeds.jsonl", Seed)} == set(CATEGORIES)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "no usable row; it has a header and nothing else"),
        (
            [row(1, "?"), row(2, "a b c", stressor="0")],
            "no usable row; left out: 1 empty_or_unusable, 1 not_wanted",
        ),
    ],
)
def test_no_usable_row_is_one_line_and_earlier_files_stay(tmp_path: Path, rows: list[list[str]], said: str) -> None:
    for name in ("seeds.jsonl", "seeds.json"):
        (tmp_path / name).write_text("earlier")
    done = run(write_csv(tmp_path / "in.csv", rows), tmp_path, params_with(tmp_path))
    assert (done.returncode, done.stderr) == (1, f"error: {tmp_path / 'in.csv'}: {said}\n")
    assert {(tmp_path / name).read_text() for name in ("seeds.jsonl", "seeds.json")} == {"earlier"}
    assert not list(tmp_path.glob("*.part"))


def test_params_are_checked_before_the_source_is_read(tmp_path: Path) -> None:
    done = run(tmp_path / "absent.csv", tmp_path, params_with(tmp_path, limit=0))
    assert done.returncode == 1
    assert "'seeds.limit'" in done.stderr and "absent.csv" not in done.stderr


def test_help_explains_the_paths() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stages.seeds", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "source" in done.stdout and "SAD_v1.zip" in done.stdout
