"""A zoo of answers: 180 in the manner of eight families of models and three sizes, each with its right reading.

Two authors wrote 90 each; neither had seen the reader. Read blind, before the reader was mended by them, 76 of the
second author's and then 85 of the first author's were read right.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from synthempathy.filters.rules.artifacts import not_first_person, refusal
from synthempathy.generation.reading import Prose, read_notes, read_prose
from synthempathy.llm.answers import plain_answer
from synthempathy.text.words import Text

ZOO = [
    item for file in sorted(Path(__file__).with_name("zoo").glob("*.yaml")) for item in YAML(typ="safe").load(file)
]
#: Found by rules of the filter, in the text that the reader gives; read as what, as in generation/checks.py.
RULES = {"refusal": (refusal.find, "response"), "not_first_person": (not_first_person.find, "explanation")}


def lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def read(item: dict[str, Any], **how: bool) -> Prose:
    answer = plain_answer(item["raw"])
    if answer.problem:
        return Prose(answer.text, answer.problem)
    return (read_notes if item["step"] == "respond_notes" else read_prose)(answer.text, **how)


def test_the_zoo_is_whole() -> None:
    assert len(ZOO) >= 150 and len({item["id"] for item in ZOO}) == len(ZOO)
    assert len({item["family"] for item in ZOO}) >= 8 and len({item["size"] for item in ZOO}) >= 3


@pytest.mark.parametrize("item", ZOO, ids=lambda item: f"{item['id']}-{item['family']}-{item['step']}")
def test_the_right_reading(item: dict[str, Any]) -> None:
    prose = read(item)
    assert bool(plain_answer(item["raw"]).thoughts) == bool(item.get("thoughts"))
    if item.get("text") is not None:
        assert prose.problem is None
        assert lines(prose.text) == lines(item["text"])
        if item.get("reasoning") is not None:
            assert lines(prose.notes) == lines(item["reasoning"])
    elif item["reason"] in RULES:
        find, field = RULES[item["reason"]]
        assert prose.problem or find(Text(prose.text), field)
    else:
        assert prose.problem == item["reason"]
    if item.get("flattened"):
        assert lines(read(item, flatten=True).text) == lines(item["flattened"])


@pytest.mark.parametrize("text", [
    "I hear you.", '"Sit," said Ann. Then he said "no"', "Here is what happened: I lost the keys.\n\nI cried.",
    "I hope this helps you to see that you are not alone.", "I made sure that the door was locked. The end came early.",
])
def test_plain_prose_is_left_alone_and_reading_twice_changes_nothing(text: str) -> None:
    assert read_prose(text) == Prose(text)
    assert plain_answer(text).text == text
