"""The classifier: that it learns, what it reads together, and that it comes back from its files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from synthempathy.core.errors import ModelError
from synthempathy.filters.classifier.model import LABELS, Classifier, load_classifier
from tests.helpers.small_classifier import small_classifier, small_examples, trained


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return small_classifier()


@pytest.fixture
def saved(classifier: Classifier, tmp_path: Path) -> Path:
    classifier.save(tmp_path / "safety")
    return tmp_path / "safety"


def test_it_learns(classifier: Classifier) -> None:
    assert classifier.hits("You are a moron.", "response")["offensive"].score > 0.5
    kind = classifier.hits("You are a sister.", "response")
    assert "offensive" not in kind or kind["offensive"].score < 0.5


def test_a_harmful_sentence_does_not_drown_among_harmless_ones(classifier: Classifier) -> None:
    alone = classifier.hits("You are a moron.", "response")["offensive"].score
    harmless = "It rained. The nurse came. The bus was late. " * 5
    among = classifier.hits(f"{harmless}You are a moron. {harmless}", "response")["offensive"]
    assert alone > 0.9
    assert among.score > 0.9
    words = classifier.reader.read(f"{harmless}You are a moron.")
    assert among.places
    assert "moron" in {words.tokens[place] for place in among.places if place < len(words.tokens)}


def test_the_screen_only_leaves_out(classifier: Classifier) -> None:
    """What passes the screen scores what it scores without one."""
    numbers = {name: value.copy() for name, value in vars(classifier.numbers).items()}
    numbers["screen_least"] = np.full(len(LABELS), -np.inf)
    unscreened = Classifier(classifier.reader, classifier.names, type(classifier.numbers)(**numbers))
    for example in small_examples():
        every = unscreened.hits(example.text, example.field)
        for label, hit in classifier.hits(example.text, example.field).items():
            assert hit == every[label]


def test_unsafe_advice_is_for_responses_alone(classifier: Classifier) -> None:
    assert classifier.hits("Drink vodka with that nurse tonight.", "response")["unsafe_advice"].score > 0.5
    assert "unsafe_advice" not in classifier.hits("Drink vodka with that nurse tonight.", "explanation")


@pytest.mark.parametrize("text", ["", "...", "\n", "\u200b", "?" * 50, "a" * 5000])
def test_odd_texts_have_no_hits_or_scores_between_0_and_1(classifier: Classifier, text: str) -> None:
    assert all(0 <= hit.score <= 1 for hit in classifier.hits(text, "response").values())


def test_saved_and_loaded_it_says_the_same_and_its_bytes_are_the_same(
    classifier: Classifier, saved: Path, tmp_path: Path
) -> None:
    loaded = load_classifier(saved)
    for example in small_examples():
        ours, theirs = (c.hits(example.text, example.field) for c in (classifier, loaded))
        assert {label: hit.places for label, hit in ours.items()} == {label: hit.places for label, hit in theirs.items()}
        assert all(abs(ours[label].score - theirs[label].score) < 1e-4 for label in ours)
    again = trained()
    again.save(tmp_path / "again")
    for name in ("safety.json", "weights.safetensors"):
        assert (saved / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def broken_json(folder: Path) -> None:
    (folder / "safety.json").write_text("{", encoding="utf-8")


def other_format(folder: Path) -> None:
    text = (folder / "safety.json").read_text(encoding="utf-8")
    (folder / "safety.json").write_text(text.replace("synthempathy-safety-2", "other"), encoding="utf-8")


def a_feature_less(folder: Path) -> None:
    value = json.loads((folder / "safety.json").read_text(encoding="utf-8"))
    (folder / "safety.json").write_text(json.dumps(value | {"features": value["features"][1:]}), encoding="utf-8")


def broken_weights(folder: Path) -> None:
    (folder / "weights.safetensors").write_bytes(b"no weights")


def no_weights(folder: Path) -> None:
    (folder / "weights.safetensors").unlink()


@pytest.mark.parametrize("damage", [broken_json, other_format, a_feature_less, broken_weights, no_weights])
def test_a_damaged_classifier_is_refused_by_name(saved: Path, damage: Callable[[Path], None]) -> None:
    damage(saved)
    with pytest.raises(ModelError, match=r"safety.*dvc repro safety"):
        load_classifier(saved)
