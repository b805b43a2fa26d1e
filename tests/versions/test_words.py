"""Words marked between two texts: each text stays whole, and the marks are what a reader would mark."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.core.harmless import harmless
from synthempathy.versions.words import MOST_TOKENS, side_by_side, tokens

WORDS = st.lists(st.sampled_from(["I", "feel", "for", "you", ".", "\n", "don't", " ", "é", "sad,"]), max_size=30).map(" ".join)


def in_kind(pieces: list, kind: str) -> list[str]:
    return [one.text for one in pieces if one.kind == kind]


@settings(deadline=None)
@given(WORDS | st.text(max_size=40), WORDS | st.text(max_size=40))
def test_both_texts_are_whole_and_what_is_not_marked_is_common(first: str, second: str) -> None:
    left, right = side_by_side(first, second)
    assert "".join(one.text for one in left) == harmless(first, lines=True)
    assert "".join(one.text for one in right) == harmless(second, lines=True)
    assert "".join(in_kind(left, "")) == "".join(in_kind(right, ""))
    assert {one.kind for one in left} <= {"", "del"} and {one.kind for one in right} <= {"", "ins"}
    if first == second:
        assert not in_kind(left, "del") and not in_kind(right, "ins")


@given(st.text())
def test_tokens_are_the_text(text: str) -> None:
    assert "".join(tokens(text)) == text


@pytest.mark.parametrize(("first", "second", "gone", "new"), [
    ("I feel sad for you today.", "I feel glad for you today.", ["sad"], ["glad"]),
    ("Look gently at it. End with one question.", "Look gently at it. Ask nothing.", ["End with one question"], ["Ask nothing"]),
    ("What you carry is heavy.", "What you carry is very heavy.", [], ["very "]),
    # a shared "the" in the middle of two other sentences is no thread to read along
    ("My boss shouted at the whole team.", "Your sister left the house early.", ["My boss shouted at the whole team"],
     ["Your sister left the house early"]),
])
def test_marks_are_what_a_reader_would_mark(first: str, second: str, gone: list[str], new: list[str]) -> None:
    left, right = side_by_side(first, second)
    assert (in_kind(left, "del"), in_kind(right, "ins")) == (gone, new)


def test_a_common_passage_of_long_responses_is_found_wherever_it_stands() -> None:
    common = "It must have been wearing, too, that you stopped listening to music because it let too much in."
    first = f"It sounds as if you felt sad and tense. {common} " + "You did not choose this, and it is hard. " * 9
    second = "I am truly sorry to hear it. " * 9 + f"{common} I am grateful that you shared this with me."
    left, right = side_by_side(first, second)
    for pieces in (left, right):
        assert common in next(one.text for one in pieces if not one.kind and len(one.text) > 60)
    assert len(tokens(first)) > 200  # where difflib begins to leave out what is common


def test_the_slowest_texts_that_are_compared_whole_take_seconds_at_most() -> None:
    chance = random.Random(1)
    first, second = (" ".join(chance.choice("ab") for _ in range(500)) for _ in range(2))
    began = time.monotonic()
    side_by_side(first, second)
    assert time.monotonic() - began < 20  # on a busy machine


@pytest.mark.parametrize("piece", ["a ", "!", "ab cd ", "word{} ", "aa b{}", "\n"])
def test_a_million_characters_cost_no_time_and_are_cut_with_a_note(piece: str) -> None:
    first = "".join(piece.format(n % 977) for n in range(1_000_000 // len(piece)))
    began = time.monotonic()
    left, right = side_by_side(first, first[::-1])
    assert time.monotonic() - began < 20  # on a busy machine; a second on a free one
    for pieces in (left, right):
        assert sum(len(one.text) for one in pieces) < 25_000
        assert "characters are not shown here" in pieces[-1].text


def test_what_is_too_long_to_compare_says_so() -> None:
    left, right = side_by_side("a " * MOST_TOKENS, "b")
    assert left[0].kind == right[0].kind == "note" and "too long" in left[0].text
    assert right[1].text == "b"
