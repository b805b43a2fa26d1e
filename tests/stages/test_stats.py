"""The stage `stats`: its figures on a corpus that can be counted by hand, its tables, its errors."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from stages.stats import stats
from synthempathy.core.records import write_records
from synthempathy.statistics.figures import BIN_WORDS, HEADERS
from tests.helpers.empathy import CATEGORIES

ROOT = Path(__file__).parents[2]
OUTPUTS = ("corpus.json", *(f"{table}.csv" for table in HEADERS))


def pair(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"p{number}", "seed_id": "s1", "category": "Work", "severity": None, "seed": "My boss shouts.",
        "story": f"Story {number}.", "model": "org/a", "explanation": "My boss shouts at me.",
        "explanation_model": "org/a", "response": f"That sounds hard, number {number}.", "reasoning": "",
        "response_model": "org/b", **fields,
    }


def run(folder: Path, params: Path = ROOT / "params.yaml") -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable, "-m", "stages.stats", folder / "pairs.jsonl", *(folder / name for name in OUTPUTS),
        "--params", params,
    ]
    return subprocess.run([*map(str, command)], cwd=ROOT, capture_output=True, text=True)


def figures_of(folder: Path, rows: list[dict[str, Any]], params: Path = ROOT / "params.yaml") -> dict[str, Any]:
    write_records(folder / "pairs.jsonl", rows)
    stats(folder / "pairs.jsonl", *(folder / name for name in OUTPUTS), params=params)
    return dict(json.loads((folder / "corpus.json").read_text()))


def rows_of(table: Path) -> list[dict[str, str]]:
    with table.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_figures_by_hand(tmp_path: Path) -> None:
    figures = figures_of(
        tmp_path,
        [
            pair(1, response="I am sorry. Why?"),
            pair(2, response="i am sorry, why", story="Story 1.", category="Other", response_model="org/c"),
            pair(3, response="You did well today", seed_id="s2", explanation="It rains"),
            pair(4, response="Do you want to talk about it now?", explanation="It rains and it rains again"),
        ],
    )
    assert figures["pairs"] == 4 and figures["seeds"] == 2 and figures["stories"] == 3
    assert (figures["explanation_words_mean"], figures["explanation_words_median"]) == (4.5, 5.0)
    assert figures["response_words_mean"] == 5.0
    assert figures["response_words_std"] == pytest.approx(3**0.5, abs=1e-6)
    assert figures["response_words_median"] == 4.0
    # i am sorry why you did well today do want to talk about it now; my boss shouts at me rains and again
    assert figures["vocabulary"] == 15 + 8
    assert figures["distinct_1"] == pytest.approx(15 / 20)
    assert figures["distinct_2"] == pytest.approx(13 / 16)
    assert figures["mattr"] == 1.0
    assert figures["question_share"] == 0.5
    assert figures["response_distinct_share"] == 0.75
    assert figures["categories"] == {c: {"Work": 3, "Other": 1}.get(c, 0) for c in CATEGORIES}
    assert figures["models"] == {
        "story": {"org/a": 4}, "explanation": {"org/a": 4}, "response": {"org/b": 3, "org/c": 1},
    }
    assert figures["paper"] == {"pairs": 105578, "explanation_words_mean": 95.5, "response_words_mean": 153.7}
    assert set(figures["paper"]) <= set(figures)  # so that each stands beside ours


def test_top_openings_follow_the_params(tmp_path: Path) -> None:
    rows = [pair(n, response=f"opening{n % 12} and more words") for n in range(24)]
    yaml = YAML()
    params = yaml.load(ROOT / "params.yaml")
    params["stats"] |= {"top_templates": 7, "near_threshold": None}
    yaml.dump(params, tmp_path / "params.yaml")
    (tmp_path / "profiles").mkdir()
    (tmp_path / "domains").symlink_to(ROOT / "domains")
    (tmp_path / "profiles" / f"{params['profile']}.yaml").write_text("{}\n")
    figures = figures_of(tmp_path, rows, tmp_path / "params.yaml")
    assert figures["top_opening_share"] == pytest.approx(14 / 24, abs=1e-6)
    assert figures["response_near_duplicate_share"] is None
    table = rows_of(tmp_path / "templates.csv")
    assert sum(row["kind"] == "opening" for row in table) == 7
    assert table[0] == {"kind": "opening", "rank": "1", "text": "opening0 and more", "responses": "2", "share": "0.0833"}


def test_tables_agree_with_the_figures(tmp_path: Path) -> None:
    rows = [
        pair(n, explanation="a " * (40 + n), response="b " * (5 * n + 1), category=CATEGORIES[n % 9]) for n in range(20)
    ]
    figures = figures_of(tmp_path, rows)
    lengths = rows_of(tmp_path / "lengths.csv")
    assert list(lengths[0]) == ["kind", "words", "count"]
    for kind in ("explanation", "response"):
        assert sum(int(r["count"]) for r in lengths if r["kind"] == kind) == 20
    assert {"kind": "explanation", "words": "50", "count": "10"} in lengths
    assert {r["category"]: int(r["pairs"]) for r in rows_of(tmp_path / "categories.csv")} == figures["categories"]
    cells = rows_of(tmp_path / "coverage.csv")
    assert len(cells) == 9 * 6
    for column, name in (("category", "categories"), ("severity", "severity")):
        for value, count in figures[name].items():
            assert sum(int(cell["pairs"]) for cell in cells if cell[column] == value) == count
    ours, paper, *others = rows_of(tmp_path / "comparison.csv")
    assert (ours["size"], ours["response_words_mean"]) == ("20", str(round(figures["response_words_mean"], 1)))
    assert (paper["size"], paper["explanation_words_mean"]) == ("105578", "95.5")
    assert all(row["source"] for row in others)


def test_figures_by_model(tmp_path: Path) -> None:
    rows = [
        *(pair(n, response=f"Oh no, {n} is hard to bear", response_model="org/m-1.5") for n in range(3)),
        *(pair(n, response="Why is that? Tell me more", response_model="org_m-1_5") for n in range(3, 5)),
    ]
    figures = figures_of(tmp_path, rows)
    first, second = figures["by_model"].values()
    assert list(figures["by_model"]) == ["org_m-1_5", "org_m-1_5_"]  # no two models under one name
    assert (first["pairs"], first["response_words_mean"], first["question_share"]) == (3, 7.0, 0.0)
    assert (second["pairs"], second["question_share"]) == (2, 1.0)
    assert first["distinct_2"] == pytest.approx(10 / 18, abs=1e-6) and second["distinct_2"] == 0.5
    assert first["top_opening_share"] == second["top_opening_share"] == 1.0
    assert second["mattr"] == 1.0


def test_plot_of_lengths_draws_the_bins_of_the_table() -> None:
    template = json.loads((ROOT / "plots" / "lengths.vega.json").read_text())
    assert template["spec"]["encoding"]["x"]["bin"]["step"] == BIN_WORDS


def test_dvc_yaml_declares_every_table_as_a_plot_of_its_columns() -> None:
    stage = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]["stats"]
    plots = {Path(path).stem: options for plot in stage["plots"] for path, options in plot.items()}
    assert list(plots) == list(HEADERS)  # else DVC's run cache does not bring them back
    for name, options in plots.items():
        assert {options["x"], options["y"]} <= set(HEADERS[name]) and options["cache"] is False
        if options["template"].endswith(".json"):
            drawn = fields_of(json.loads((ROOT / options["template"]).read_text()))
            assert drawn and drawn - {"rev", "label", "column", "cell"} <= set(HEADERS[name]), name


def fields_of(value: Any) -> set[str]:
    """Every `field` of a Vega-Lite specification."""
    if isinstance(value, list):
        return set().union(*map(fields_of, value))
    if isinstance(value, dict):
        return set().union({value["field"]} if "field" in value else set(), *map(fields_of, value.values()))
    return set()


def test_same_bytes_twice_and_models_left_unnamed(tmp_path: Path) -> None:
    rows = [pair(n, category=c) for n, c in enumerate(["Zoo", "Art", "Work"])]
    for row in rows:
        del row["response_model"]
    figures = figures_of(tmp_path, rows)
    assert list(figures["categories"])[9:] == ["Art", "Zoo"]
    assert figures["models"]["response"] == {"unknown": 3}
    first = [(tmp_path / name).read_bytes() for name in OUTPUTS]
    assert run(tmp_path).returncode == 0  # another process, another order of sets
    assert [(tmp_path / name).read_bytes() for name in OUTPUTS] == first


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "pairs.jsonl: no such file"),
        ("", "pairs.jsonl: no rows"),
        ("{}\n", "pairs.jsonl:1: field 'id': missing"),
        (json.dumps(pair(1)) + "\n" + json.dumps(pair(2, response=5)), "pairs.jsonl:2: field 'response'"),
    ],
)
def test_bad_corpus_is_one_line_and_earlier_files_stay(tmp_path: Path, content: str | None, said: str) -> None:
    for name in OUTPUTS:
        (tmp_path / name).write_text("earlier")
    if content is not None:
        (tmp_path / "pairs.jsonl").write_text(content)
    done = run(tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and said in done.stderr
    assert {(tmp_path / name).read_text() for name in OUTPUTS} == {"earlier"}


def test_help_explains_the_paths() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stages.stats", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0 and "pairs per category" in done.stdout
