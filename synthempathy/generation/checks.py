"""Checks of an answer before it becomes a row. Each gives a named reason, or None where the answer is good.

What a model leaves in place of an answer is found by the filter's own rules (filters/rules/artifacts).
"""

from __future__ import annotations

from typing import get_args

from synthempathy.domain.wording import Wording
from synthempathy.filters.rules.artifacts import (
    assistant_talk,
    length,
    not_first_person,
    prompt_echo,
    refusal,
    repetition,
)
from synthempathy.generation import reading
from synthempathy.generation.params import Step
from synthempathy.generation.teller import another_tells
from synthempathy.llm.answers import CHAT_MARKUP, ONLY_THOUGHT
from synthempathy.llm.backends import Completion, FailureReason
from synthempathy.text.words import Text, text_of

#: A run of this many words of the prompt's instructions in an answer is an echo.
ECHO_WORDS = 12

REASONS: tuple[str, ...] = (
    "cut_at_max_tokens", "empty", ONLY_THOUGHT, CHAT_MARKUP, *reading.REASONS, "too_short", "too_long", "refusal",
    "assistant_talk", "repetition", "prompt_echo", "not_first_person",
    *get_args(FailureReason),  # no answer at all, from a server
)


def unreadable(answer: Completion) -> str | None:
    """What speaks against the answer as a whole, before anything in it is looked for."""
    if answer.problem == ONLY_THOUGHT:
        return ONLY_THOUGHT
    if answer.finish_reason != "stop":
        return "cut_at_max_tokens"
    return answer.problem or (None if answer.text.strip() else "empty")


def unusable(text: str, field: str, step: Step, instructions: str, wording: Wording, story: str = "") -> str | None:
    """What speaks against `text`, the part of an answer that becomes `field`: story, explanation (of `story`) or response.

    What is known in English alone is asked of English: refusals, talk of an assistant, who tells the story of a hero with a name.
    """
    # Whatever it becomes, an answer is read as a response: nobody but the model speaks, and declining is its own.
    read = Text(text)
    if assistant_talk.find_markup(read, "response"):
        return CHAT_MARKUP
    english = wording.english
    if english and refusal.find(read, "response"):
        return "refusal"
    if english and assistant_talk.find_talk(read, "response"):
        return "assistant_talk"
    if wrong := length.out_of_bounds(text, step.min_words, step.max_words):
        return wrong[0]
    if (repetition.find_in_story if field == "story" else repetition.find)(read, "response", english=english):
        return "repetition"
    if echoes(read, instructions, wording):
        return "prompt_echo"
    if field == "explanation" and wording.voice.explanation == "first_person" and not _told_by_its_hero(read, story, wording):
        return "not_first_person"
    return None


def _told_by_its_hero(text: Text, story: str, wording: Wording) -> bool:
    if not_first_person.reads(wording) and not_first_person.of(wording)(text, "explanation"):
        return False
    return not (wording.english and another_tells(story, text.raw))


def echoes(text: Text, instructions: str, wording: Wording) -> bool:
    """Whether the text holds a label or instruction of a prompt, or a run of ECHO_WORDS words of `instructions`."""
    return (
        prompt_echo.of(wording)(text, "response") is not None
        or prompt_echo.shared_run(text_of(instructions).words, text.words, ECHO_WORDS) is not None
    )
