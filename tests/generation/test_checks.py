"""Checks of answers: each reason by examples that must be caught and examples that must pass."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.generation import checks
from synthempathy.generation.params import Explain
from synthempathy.llm.backends import Completion
from synthempathy.llm.params import Sampling

SETTINGS = Explain(
    model="m",
    revision=None,
    models=[],
    prompt="p",
    attempts=1,
    min_words=5,
    max_words=40,
    sampling=Sampling(temperature=1.0, top_p=1.0, max_tokens=100, seed=1),
)
GOOD = "My manager shouted at me and I went home with a headache."


def reason(text: str, finish: str = "stop", instructions: str = "") -> str | None:
    return checks.unusable(Completion("x", text, finish, 1, 1), text, SETTINGS, instructions)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty"),
        ("Too short.", "too_short"),
        ("word " * 41, "too_long"),
        ("I'm sorry, but I cannot help with that request at all.", "refusal"),
        ("I can't write a story about that kind of thing, sorry.", "refusal"),
        ("As an AI language model I do not have any feelings today.", "assistant_talk"),
        ("Sure, here is the story that you asked me to write.", "assistant_talk"),
        ("Here's the rewritten text for you: my boss is mean to me.", "assistant_talk"),
        ("I stayed in bed all day long. " * 5, "loop"),
    ("I was so so so so so so tired after that long day.", "loop"),
    ("I went hahahahahahahahahahahahahahahahahahahahahaha and then slept all day.", "loop"),
    ("I went home <|end|> and slept for a very long time.", "chat_markup"),
        ("My day was bad.\nUser: tell me more about that bad day.", "chat_markup"),
    ],
)
def test_caught(text, expected):
    assert reason(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "I cannot help crying when I think of my old dog.",
        "I can't sleep, and my boss does not write back to me.",
        "My assistant quit, and the model train that I built broke.",
        "I am sorry that I left, and sure, I would do it again.",
        "Here is where I stood when the bus drove off without me.",
    ],
)
def test_passes(text):
    assert reason(text) is None


def test_cut_answers_are_caught_first():
    assert reason(GOOD, finish="length") == "cut_at_max_tokens"


def test_an_echo_of_the_instructions_is_caught():
    told = "Retell this story in the first person, as its main character would tell it to a good listener."
    assert reason(f"{told} I did so.", instructions=told) == "prompt_echo"
    assert reason(GOOD, instructions=told) is None


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("I lost my keys. My day was over.", True),
        ("She lost her keys and cried.", False),
        ('"I lost my keys," she said, and she cried.', False),
        ("He gave me a book.", False),
    ],
)
def test_first_person(text, good):
    assert (checks.not_first_person(text) is None) == good


@pytest.mark.parametrize(
    ("text", "asked", "expected"),
    [
        ("Reasoning: a b. Response: Hello you.", True, ("a b.", "Hello you.")),
        ("Reasoning: a\n\nResponse:\nHello", True, ("a", "Hello")),
        ("Hello there.", True, None),
        ("Response: Hello", True, None),
        ("Reasoning: a Response: b Response: c", True, None),
        ("Hello there.", False, ("", "Hello there.")),
        ("Reasoning: a Response: b", False, None),
    ],
)
def test_reasoning_is_parted_from_the_response(text, asked, expected):
    assert checks.split_reasoning(text, asked) == expected


FEW_WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "I", "am", "so"]), max_size=60).map(" ".join)


@given(FEW_WORDS, st.integers(1, 4))
def test_loops_are_found_as_a_plain_count_finds_them(text, times):
    text = " ".join([text] * times)
    words = text.lower().split()
    eights = Counter(tuple(words[i : i + 8]) for i in range(len(words) - 7))
    sixes = [set(words[i : i + 6]) for i in range(len(words) - 5)]
    assert checks.loops(text) == (max(eights.values(), default=0) >= 3 or any(len(six) == 1 for six in sixes))


@given(FEW_WORDS, FEW_WORDS, st.integers(0, 40), st.integers(8, 16))
def test_echoes_are_found_as_a_plain_search_finds_them(text, instructions, start, length):
    said = instructions.split()
    text = " ".join([text, *said[start : start + length], "and so on"])
    words, told = text.lower().split(), instructions.lower().split()
    runs = {tuple(told[i : i + 12]) for i in range(len(told) - 11)}
    assert checks.echoes(text, instructions) == any(tuple(words[i : i + 12]) in runs for i in range(len(words) - 11))
