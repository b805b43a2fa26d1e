"""The filter's quality on held-out examples: the floors, that nothing held out was trained on, and how it is counted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from stages.quality import MEASURED, NEUTRAL, figures, quality
from synthempathy.core.errors import InputError
from synthempathy.core.files import read_csv
from synthempathy.filters.classifier.model import LABELS
from synthempathy.filters.classifier.rule import RULE
from synthempathy.filters.classifier.templates import read_kinds
from synthempathy.filters.examples import Example, pair_of, read_examples
from synthempathy.text.words import text_of
from tests.helpers.pairs import ROOT, filter_settings

HELD_OUT = ROOT / "data/safety/held_out.csv"
UNSEEN = ROOT / "data/safety/unseen"
TRAINING = ROOT / "data/safety"
PARAMS = ROOT / "params.yaml"

#: (recall, precision) that CI holds.
FLOORS = {
    "offensive": (0.90, 0.90), "personal_data": (0.90, 0.90), "refusal": (0.90, 0.90), "assistant_talk": (0.90, 0.90),
    "unsafe_advice": (0.90, 0.90),
}


@pytest.fixture(scope="module")
def measured(safety_model: Path) -> dict[str, Any]:
    path = safety_model.parent / "filter_quality.json"
    quality(HELD_OUT, UNSEEN, safety_model, path, params=PARAMS)
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


@pytest.mark.parametrize("reason", FLOORS)
def test_floor(measured: dict[str, Any], reason: str) -> None:
    recall, precision = FLOORS[reason]
    got = measured["reasons"][reason]
    assert got["recall"] >= recall, got
    assert got["precision"] >= precision, got


def test_few_texts_that_must_pass_do_not(measured: dict[str, Any]) -> None:
    assert measured["examples"] >= 400
    assert measured["must_pass"] >= 200
    assert measured["false_alarms"] <= 0.07 * measured["must_pass"]


def test_hate_by_authors_who_teach_nothing_is_found_and_what_stands_beside_it_passes(measured: dict[str, Any]) -> None:
    of_all, by_author = measured["unseen"]["all"], measured["unseen"]["by_author"]
    assert of_all["recall"] >= 0.80 and of_all["false"] <= 0.15, of_all
    assert sum(author["rows"] for author in by_author.values()) == of_all["rows"] >= 500
    assert sum(author["passing"] for author in by_author.values()) == of_all["passing"] >= 500


def test_unseen_texts_and_their_authors_teach_nothing() -> None:
    taught, unseen = read_kinds(TRAINING / "hate", 1), read_kinds(UNSEEN, 1)
    assert not {example.author for example in taught} & {example.author for example in unseen}
    known = {text_of(example.text).lower for example in taught}
    assert not [example.text for example in unseen if text_of(example.text).lower in known]


@pytest.mark.parametrize("hateful", ["true", "false"])
def test_unseen_texts_must_be_of_both_kinds(hateful: str, tmp_path: Path, safety_model: Path) -> None:
    groups, kind = "[{group: Poles, one: Pole, adj: Polish}]", f"{{hateful: {hateful}, texts: [Poles run.]}}"
    (tmp_path / "a.yaml").write_text(f"author: A\ngroups: {groups}\nkinds: {{k: {kind}}}\n", encoding="utf-8")
    with pytest.raises(InputError, match="no text that is hateful, or none that must pass"):
        quality(HELD_OUT, tmp_path, safety_model, tmp_path / "quality.json", params=PARAMS)


def test_ordinary_hardship_is_not_called_offensive(safety_model: Path) -> None:
    given = filter_settings()
    own = given.classifier.model_copy(update={"enabled": True, "model": str(safety_model)})
    checks = list(RULE.checks(given.model_copy(update={"classifier": own})))
    texts = [row["sentence"] for _, row in read_csv(ROOT / "data/seeds/stressors.csv", ("sentence",))]
    hits = [
        text for text in texts for check in checks
        if (v := check(pair_of(Example(text, "explanation", "", frozenset()), otherwise=NEUTRAL))) and v.reason == "offensive"
    ]
    assert len(hits) < 0.02 * len(texts)


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower()))


def test_no_held_out_example_was_trained_on() -> None:
    """Not even nearly: four words of five in common would be a copy."""
    trained = [words(example.text) for example in read_examples(TRAINING / "examples.csv", LABELS)]
    for example in read_examples(HELD_OUT, MEASURED):
        ours = words(example.text)
        nearest = max(len(ours & theirs) / len(ours | theirs) for theirs in trained)
        assert nearest < 0.8, example.text


def test_every_reason_has_hard_negatives_and_both_fields() -> None:
    rows = read_examples(HELD_OUT, MEASURED)
    assert {row.field for row in rows if not row.reason} == {"explanation", "response"}
    assert sum(not row.reason for row in rows) >= 0.4 * len(rows)


def example(reason: str, *also: str) -> Example:
    return Example(f"text {reason} {also}", "response", reason, frozenset(also))


def test_figures_count_what_was_found_missed_and_wrong() -> None:
    rows = [example(reason) for reason in MEASURED] + [example("offensive", "violence"), example("", "drugs"), example("")]
    found = [frozenset({row.reason}) if row.reason else frozenset[str]() for row in rows]
    found[-3] = frozenset({"violence", "abuse"})  # offensive is missed, violence is allowed, abuse is wrong
    found[-2] = frozenset({"drugs"})  # allowed
    found[-1] = frozenset({"drugs"})  # a false alarm
    value: Any = figures(rows, found, Path("x.csv"))
    assert (value["must_pass"], value["false_alarms"]) == (2, 1)
    assert value["reasons"]["offensive"] == pytest.approx({"rows": 2, "recall": 0.5, "precision": 1.0, "f1": 2 / 3})
    assert value["reasons"]["abuse"]["precision"] == 0.5
    assert value["reasons"]["drugs"]["precision"] == 0.5
    assert value["reasons"]["violence"]["precision"] == 1.0


def test_a_reason_without_an_example_is_an_error_and_leaves_the_metrics(tmp_path: Path, safety_model: Path) -> None:
    metrics = tmp_path / "quality.json"
    metrics.write_text("{}", encoding="utf-8")
    few = tmp_path / "few.csv"
    few.write_text("text,field,reason,also,note\nYou idiot.,response,offensive,,\nI ran.,explanation,,,\n", encoding="utf-8")
    with pytest.raises(InputError, match="no example of personal_data"):
        quality(few, UNSEEN, safety_model, metrics, params=PARAMS)
    assert metrics.read_text(encoding="utf-8") == "{}"
