"""Repetition: loops of any length, and what people say again."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.filters.rules.artifacts.repetition import find
from synthempathy.text.words import Text


@pytest.mark.parametrize(
    "text",
    [
        "I am so " + "tired " * 6 + "of it.",
        "I cannot do this. I cannot do this. I cannot do this.",
        "go on, go on, go on, go on",
        "It is hard to say. " * 2 + "It is HARD to say, it is so.",
        "You are strong and you will find a way. Rest. You are strong and you will find a way. Eat."
        " You are strong and you will find a way.",
        "I " + "really " * 40,
        "a b c " * 4,
        "n" * 24,
        "I went hahahahahahahahahahahahahahahahahahahahahahahaha and slept.",
        "I waited " + "." * 60,
        "the cat sat on the mat and then " * 3,
    ],
)
def test_loops_are_repetition(text: str) -> None:
    assert find(Text(text), "response") is not None


@pytest.mark.parametrize(
    "text",
    [
        "No, no, no, no, I said.",
        "I was very, very, very tired.",
        "I cannot do this. I cannot do this.",
        "I don't know if I can stay. I don't know if I can go. I don't know if I can talk to him.",
        "Ha ha ha, she said.",
        "I went to work. I went to bed. I went to work again. I went to bed again.",
        "omggggggggggg I was late...........",
        "It is what it is. And it is what it was, and it is what it will be.",
        "You are not alone. You are tired, you are sad, you are not alone, and you are still here.",
        "I.",
    ],
)
def test_human_repeats_pass(text: str) -> None:
    assert find(Text(text), "response") is None


@given(st.lists(st.sampled_from("abcdefghij"), min_size=4, max_size=12, unique=True), st.integers(3, 6))
def test_any_phrase_said_three_times_is_repetition(phrase: list[str], times: int) -> None:
    assert find(Text(" ".join(phrase * times)), "response") is not None


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=80, unique=True))
def test_text_without_repeats_is_never_repetition(numbers: list[int]) -> None:
    assert find(Text(" ".join(f"w{number}" for number in numbers).replace("-", "m")), "response") is None


FEW_WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "I", "am", "so"]), max_size=60).map(" ".join)


@given(FEW_WORDS, st.integers(1, 4))
def test_refrains_and_words_said_again_are_found_as_a_plain_count_finds_them(text: str, times: int) -> None:
    text = " ".join([text] * times)
    words = text.lower().split()
    eights = Counter(tuple(words[i : i + 8]) for i in range(len(words) - 7))
    sixes = [set(words[i : i + 6]) for i in range(len(words) - 5)]
    if max(eights.values(), default=0) >= 3 or any(len(six) == 1 for six in sixes):
        assert find(Text(text), "response") is not None


def test_how_often_a_phrase_makes_a_loop_may_be_asked_for() -> None:
    three, four = (Text(" ".join(["I cannot do this."] * times)) for times in (3, 4))
    assert find(three, "explanation") is not None
    assert find(three, "explanation", phrase_times=4) is None
    assert find(four, "explanation", phrase_times=4) is not None
