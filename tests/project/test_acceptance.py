"""acceptance: readers of the public formats, the rates, and what is printed. All rows here are made up."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from synthempathy.core.params import read_params
from synthempathy.project.acceptance import hatecheck, rates, tweets
from synthempathy.scorers.epitome import COLUMNS as EPITOME_COLUMNS
from synthempathy.scorers.epitome import FILES as EPITOME_FILES
from synthempathy.scorers.kinds import train_scorer
from synthempathy.scorers.params import Scorer
from synthempathy.scorers.sources import read_labelled
from tests.helpers.empathy import DIMENSIONS
from tests.helpers.pairs import filter_settings

ROOT = Path(__file__).parents[2]


def table(path: Path, *rows: tuple[str, ...]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return path


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    return table(
        tmp_path / "cases.csv", ("", "functionality", "case_id", "test_case", "label_gold", "target_ident"),
        ("0", "made_slur", "1", "you stupid bitch", "hateful", "women"),
        ("1", "made_slur", "2", "I saw them.", "hateful", "women"),
        ("2", "made_neutral", "3", "My neighbours have a dog.", "non-hateful", ""),
    )


def test_rates_are_by_label_and_by_functionality(cases: Path) -> None:
    found = rates(hatecheck(cases), filter_settings())
    assert found == {
        "hateful": (0.5, 0.5, 2), "made_slur": (0.5, 0.5, 2), "non-hateful": (0.0, 0.0, 1), "made_neutral": (0.0, 0.0, 1),
    }


def test_tweets_are_read_by_their_class_and_rules_on_form_do_not_count(tmp_path: Path) -> None:
    columns = ("", "count", "hate_speech", "offensive_language", "neither", "class", "tweet")
    path = table(
        tmp_path / "tweets.csv", columns, ("0", "3", "3", "0", "0", "0", "what a bitch"), ("1", "3", "0", "3", "0", "1", "hm"),
        ("2", "3", "0", "0", "3", "2", "nice weather"),
    )
    assert rates(tweets(path), filter_settings()) == {"hate": (1.0, 1.0, 1), "offensive": (0.0, 0.0, 1), "neither": (0.0, 0.0, 1)}


@pytest.mark.parametrize(("reader", "rows", "message"), [
    (hatecheck, (("functionality", "test_case", "label_gold"), ("a", "b", "hate")), r"t\.csv:2: .*'label_gold'.*'hate'"),
    (hatecheck, (("functionality", "test_case"),), r"t\.csv:1: .*label_gold"),
    (tweets, (("class", "tweet"), ("3", "b")), r"t\.csv:2: .*'class'.*'3'.*2 neither"),
])
def test_a_file_of_another_form_is_named(tmp_path: Path, reader: object, rows: tuple[tuple[str, ...], ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        reader(table(tmp_path / "t.csv", *rows))  # type: ignore[operator]


def test_the_verb_prints_figures_of_epitome_and_names_what_is_missing(tmp_path: Path) -> None:
    pairs = read_labelled(ROOT / "data" / "empathy" / "labelled_pairs.csv", dimensions=DIMENSIONS).pairs[::6]
    train_scorer(pairs, read_params(ROOT / "params.yaml").section("scorer", Scorer)).save(tmp_path / "scorer")
    folder = tmp_path / "epitome"
    folder.mkdir()
    for m, name in EPITOME_FILES.items():
        table(folder / name, EPITOME_COLUMNS, *(
            (f"s{n}", f"r{n}", p.explanation, p.response, str(p.levels[m]), "") for n, p in enumerate(pairs[:90])
        ))
    command = [sys.executable, "-m", "synthempathy", "acceptance", "--params", str(ROOT / "params.yaml")]
    done = subprocess.run(
        [*command, "--epitome", str(folder), "--scorer", str(tmp_path / "scorer")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stderr
    title, line = done.stdout.splitlines()
    assert title.startswith("EPITOME: macro-F1") and line.split()[:4] == ["as", "it", "is", "ER"]
    assert float(line.split()[4]) > 0.8
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr == (
        "error: no data set is named; name one: --epitome FOLDER, --hatecheck CSV, --tweets CSV\n"
    )
