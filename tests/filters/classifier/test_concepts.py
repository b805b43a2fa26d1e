"""Word classes: by word, stem, ending and phrase, under disguises, and errors that name the class."""

from __future__ import annotations

from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from synthempathy.core.large_yaml import read_model
from synthempathy.filters.classifier.concepts import BESIDE_GROUPS, GROUP, NEGATABLE, read_concepts
from synthempathy.filters.classifier.reader import RESPELLED
from synthempathy.filters.classifier.templates import _Kinds
from synthempathy.text.words import text_of
from tests.helpers.pairs import ROOT
from tests.helpers.small_classifier import CONCEPTS


def test_classes_by_word_stem_ending_and_phrase() -> None:
    assert CONCEPTS.of("losers") == ("insult",)
    assert CONCEPTS.of("walked") == ("past",)
    assert CONCEPTS.of("red") == ()  # an ending needs a word before it
    assert CONCEPTS.phrases(["what", "a", "waste", "of", "space"]) == [(2, ["insult"])]
    assert CONCEPTS.phrases(["a", "waste", "of", "time"]) == []


def test_the_classes_that_the_code_names_stand_in_the_file_and_every_group_is_known() -> None:
    concepts = read_concepts(ROOT / "data/safety/concepts.yaml")
    assert {GROUP, *BESIDE_GROUPS, *NEGATABLE, *RESPELLED} <= set(concepts.table)
    for name in ("koreans", "korean", "kurd", "haitian", "norwegians", "buddhist", "bangladeshi", "pensioner"):
        assert GROUP in concepts.of(name), name
    unknown = {
        group.group for path in sorted((ROOT / "data/safety/hate").glob("*.yaml")) for group in read_model(path, _Kinds).groups
        for words in [text_of(group.group).words]
        if not any(GROUP in concepts.of(word) for word in words) and not any(GROUP in n for _, n in concepts.phrases(words))
    }
    assert not unknown


def test_words_of_the_classes_are_read_under_disguises() -> None:
    assert "moron" in CONCEPTS.read("You m o r o n!").tokens
    assert "l0ser" not in CONCEPTS.read("You l0ser").tokens


def test_a_class_that_came_by_a_merge_is_named_without_a_line(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text("<<: &one {wine: 3}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"d\.yaml.*wine.*not a list of words"):
        read_concepts(tmp_path / "d.yaml")


def test_concepts_that_are_no_words_are_named(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("drink: [wine]\nnone: ['--']\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"c\.yaml.*none.*'--'"):
        read_concepts(tmp_path / "c.yaml")
    (tmp_path / "c.yaml").write_text("drink: [wine]\nodd: 3\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"c\.yaml:2.*odd"):
        read_concepts(tmp_path / "c.yaml")
