"""Kinds and templates: filled alike from a seed, of one weight, and wrong ones are named."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from synthempathy.filters.base import FIELDS
from synthempathy.filters.classifier.templates import TIMES, WEIGHT, read_kinds

GROUPS = "\n".join(
    f"  - {{group: {name}s, one: {name}, adj: {name}ish, type: {kind}}}"
    for name, kind in (("wom", "a"), ("gob", "a"), ("elf", "b"), ("orc", "b"), ("imp", "b"))
)
KINDS = f"""
author: tester
groups:
{GROUPS}
kinds:
  contempt:
    hateful: true
    texts: ["{{group}} ruin everything.", "i cant stand {{group}}, not one {{one}}", "Nobody likes orcs."]
  fair: {{hateful: false, group_types: [a], texts: ["As a {{adj}} person I work at night."]}}
  borderline: {{hateful: false, borderline: true, texts: ["My boss is a fool."]}}
"""


def write(folder: Path, text: str) -> Path:
    (folder / "tester.yaml").write_text(text, encoding="utf-8")
    return folder


def test_templates_are_filled_alike_from_a_seed(tmp_path: Path) -> None:
    found = read_kinds(write(tmp_path, KINDS), 5)
    assert found == read_kinds(tmp_path, 5) != read_kinds(tmp_path, 6)
    assert Counter(e.template for e in found)["{group} ruin everything."] == TIMES
    assert all("{" not in e.text and e.author == "tester" for e in found)
    assert {e.text[:1] for e in found if e.template.startswith("{group} ruin")} <= set("WGEOI")
    assert {e.text[:1] for e in found if e.template.startswith("i cant")} == {"i"}
    weights = Counter[str]()
    for example in found:
        weights[example.template] += example.weight
    assert weights["{group} ruin everything."] == WEIGHT and weights["Nobody likes orcs."] == 1
    fair = [e for e in found if e.template.startswith("As a")]
    assert len(fair) == TIMES and all(e.reason == "" and "offensive" not in e.also for e in fair)
    assert {e.field for n in range(9) for e in read_kinds(tmp_path, n) if e.template == "Nobody likes orcs."} == set(FIELDS)
    borderline = next(e for e in found if e.text == "My boss is a fool.")
    assert borderline.reason == "" and "offensive" in borderline.also


def test_hate_amid_other_sentences_or_of_a_file_that_only_measures_teaches_nothing(tmp_path: Path) -> None:
    long = KINDS.replace('"Nobody likes orcs."', '"I baked. It rained a lot. {group} are filth."')
    found = {e.template: e.weight for e in read_kinds(write(tmp_path, long), 5)}
    assert found["I baked. It rained a lot. {group} are filth."] == 0 and found["{group} ruin everything."] > 0
    only = KINDS.replace("author: tester", "author: tester\nhate_is_learned: false")
    assert all((e.weight == 0) == (e.reason == "offensive") for e in read_kinds(write(tmp_path, only), 5))


@pytest.mark.parametrize(("old", "new", "message"), [
    ("{one}\"", "{many}\"", "unknown slot {many}"), ("group_types: [a]", "group_types: [z]", "of the type 'z'"),
    ("hateful: true", "hateful: true\n    field: response", r"kinds\.contempt\.field|unknown key"),
    ("author: tester\n", "", "author"), ("hateful: true", "hateful: perhaps", "hateful"),
])
def test_a_wrong_kind_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in KINDS
    with pytest.raises(InputError, match=message):
        read_kinds(write(tmp_path, KINDS.replace(old, new)), 5)
