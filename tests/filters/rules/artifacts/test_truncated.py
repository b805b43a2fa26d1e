"""Truncated: texts that were cut off, and whole ones."""

from __future__ import annotations

import pytest

from synthempathy.filters.base import Field
from synthempathy.filters.rules.artifacts.truncated import find, find_in_story
from synthempathy.text.words import Text


@pytest.mark.parametrize(
    "text",
    ["I was late and then I", "I was late,", "I was late:", "I was late -", "I said, \"never", "I was late (again)",
     "I was late…and", "1", "**", "\U0001f49b"],
)
@pytest.mark.parametrize("field", ["explanation", "response"])
def test_cut_off_texts_are_truncated(field: Field, text: str) -> None:
    found = find(Text(text), field)
    assert found is not None and found.words in text and text[slice(*found.spans[0])] == found.words


@pytest.mark.parametrize(
    "text",
    ["I was late.", "Why me?", "No!", "I was late …", "I said, \"never.\"", "I said, “never.”", "(I was late.)",
     "*I was late.*", "I was late. \n", "I am here for you. \U0001f49b", "I am here. ❤️", "我累了。", "I was late.'"],
)
def test_whole_texts_are_not_truncated(text: str) -> None:
    assert find(Text(text), "response") is None


@pytest.mark.parametrize("mark", ["x", "-", "none", "n/a", "", "not told"])
def test_a_mark_where_a_story_would_stand_is_no_story_that_was_cut(mark: str) -> None:
    assert find_in_story(Text(mark), "response") is None


def test_a_story_that_was_cut_is_found() -> None:
    assert find_in_story(Text("Ann missed the bus and then she"), "response") is not None
