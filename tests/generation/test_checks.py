"""Checks of answers: each reason by examples that must be caught and examples that must pass."""

from __future__ import annotations

import pytest

from synthempathy.generation import checks
from synthempathy.generation.params import Explain
from synthempathy.llm.backends import Completion
from synthempathy.llm.params import Sampling
from tests.helpers.empathy import DOMAIN

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


def reason(text: str, field: str = "response", *, finish: str = "stop", instructions: str = "") -> str | None:
    answer = Completion("x", text, finish, 1, 1)
    return checks.unreadable(answer) or checks.unusable(text, field, SETTINGS, instructions, DOMAIN.wording)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty"),
        ("Too short.", "too_short"),
        ("word " * 41, "too_long"),
        ("I'm sorry, but I cannot help with that request at all.", "refusal"),
        ("I can't write a story about that kind of thing, sorry.", "refusal"),
        ("As an AI language model I do not have any feelings today.", "refusal"),
        ("Sure, here is the story that you asked me to write.", "assistant_talk"),
        ("Here's the rewritten text for you: my boss is mean to me.", "assistant_talk"),
        ("That was a hard day for you. I hope this helps!", "assistant_talk"),
        ("I stayed in bed all day long. " * 5, "repetition"),
        ("I was so so so so so so tired after that long day.", "repetition"),
        ("I went hahahahahahahahahahahahahahahahahahahahahaha and then slept all day.", "repetition"),
        ("I went home <|end|> and slept for a very long time.", "chat_markup"),
        ("My day was bad.\nUser: tell me more about that bad day.", "chat_markup"),
        ("Feelings: I was sad and I went home to my dog.", "prompt_echo"),
    ],
)
@pytest.mark.parametrize("field", ["story", "explanation", "response"])
def test_caught(text: str, field: str, expected: str) -> None:
    assert reason(text, field) == expected
    assert expected in checks.REASONS


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "I cannot help crying when I think of my old dog.",
        "I am unable to sleep since the move, and my boss sees it.",
        "I can't sleep, and my boss does not write back to me.",
        "My assistant quit, and the model train that I built broke.",
        "I am sorry that I left, and sure, I would do it again.",
        "Here is where I stood when the bus drove off without me.",
    ],
)
@pytest.mark.parametrize("field", ["story", "explanation", "response"])
def test_passes(text: str, field: str) -> None:
    assert reason(text, field) is None


def test_cut_answers_are_caught_first() -> None:
    assert reason(GOOD, finish="length") == "cut_at_max_tokens"


def test_an_echo_of_the_instructions_is_caught() -> None:
    words = [f"word{number}" for number in range(30)]
    instructions = " ".join(words)
    for start in (0, 1, 5, 18):
        for length, expected in ((checks.ECHO_WORDS, "prompt_echo"), (checks.ECHO_WORDS - 1, None)):
            text = f"I went home, {' '.join(words[start : start + length])}, and my dog was glad."
            assert reason(text, instructions=instructions) == expected
    assert reason(GOOD, instructions=instructions) is None


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("I lost my keys. My day was over.", True),
        ("She lost her keys and cried.", False),
        ('"I lost my keys," she said, and she cried.', False),
        ("He gave me a book.", False),
    ],
)
def test_explanations_alone_are_in_the_first_person(text: str, good: bool) -> None:
    assert reason(text, "explanation") == (None if good else "not_first_person")
    assert reason(text, "story") is None


def test_a_story_may_say_a_phrase_three_times() -> None:
    text = "He cannot do this. He cannot do this. He cannot do this. Ben left."
    assert reason(text, "story") is None
    assert reason(text, "response") == "repetition"
    assert reason(f"He cannot do this. {text}", "story") == "repetition"


@pytest.mark.parametrize("hidden", ["\u200b", "\u00ad", "\u2060"], ids=["zero width", "soft hyphen", "joiner"])
@pytest.mark.parametrize(("text", "expected"), [
    ("I'm sorry, but I cannot help with that request at all.", "refusal"),
    ("That was a hard day for you. I hope this helps!", "assistant_talk"),
    ("I went home <|end|> and slept for a very long time.", "chat_markup"),
])
def test_invisible_characters_and_look_alikes_hide_nothing(text: str, expected: str, hidden: str) -> None:
    assert reason(hidden.join(text)) == expected
    assert reason(text.replace("e", "\u0435").replace("o", "\u043e")) == expected
