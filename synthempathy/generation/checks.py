"""Checks of an answer before it becomes a row. Each gives a named reason, or None where the answer is good."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from synthempathy.generation.params import Step
from synthempathy.llm.backends import Completion

#: The words under which the Chain-of-Empathy prompts ask for notes and answer.
REASONING, RESPONSE = "Reasoning:", "Response:"
#: A run of this many words of the prompt's instructions in an answer is an echo.
ECHO_WORDS = 12
LOOP_WORDS = 8

REASONS = (
    "cut_at_max_tokens", "empty", "too_short", "too_long", "refusal", "assistant_talk", "loop", "prompt_echo", "chat_markup",
    "not_first_person", "no_response_after_reasoning",
    # no answer at all, from a server
    "server_error", "timeout", "rate_limited", "bad_response",
)

_REFUSAL = re.compile(
    r"\bI(?: am|'m) (?:sorry, but I|unable to|not able to)|\bI (?:cannot|can't|can not|won't) "
    r"(?:(?:help|assist) (?:you|with)|fulfil|fulfill|comply|write a|create|generate|provide|answer th|do that)",
    re.IGNORECASE,
)
_ASSISTANT = re.compile(
    r"\bas an? (?:AI|artificial|language model|large language|virtual assistant|assistant)|\b(?:AI|language) model\b"
    r"|^(?:sure|certainly|of course|absolutely)[,!.:]|\bhere(?:'s| is) (?:a|the|your|my) "
    r"(?:story|rewritten|retelling|response|version|explanation)|\bI hope this helps\b", re.IGNORECASE,
)
#: One of these stands in every text that _ASSISTANT finds: a quick look before the slow one.
_ASSISTANT_SIGNS = ("as a ai", "as an ai", "artificial", "language", "assistant", "ai model", "here's", "here is", "i hope this")
_EAGER = ("sure", "certainly", "of course", "absolutely")
#: Marks become spaces: four times as fast as to look for words by a pattern.
_SPACED = str.maketrans(dict.fromkeys([*string.punctuation.replace("_", ""), *"‘’“”«»–—…"], " "))
_MARKUP = re.compile(r"<\|[\w-]+\|>|\[/?INST\]|</?s>|^\s*(?:user|assistant|system)\s*:", re.IGNORECASE | re.MULTILINE)
_FIRST_PERSON = re.compile(r"\b(?:I|I'm|I've|I'd|I'll|me|my|mine|myself)\b")


def unusable(answer: Completion, text: str, step: Step, instructions: str) -> str | None:
    """What speaks against `text`, the part of the answer that becomes the field."""
    if answer.finish_reason != "stop":
        return "cut_at_max_tokens"
    count = len(text.split())
    if count == 0:
        return "empty"
    if any(map(text.__contains__, "<[:")) and _MARKUP.search(text):
        return "chat_markup"
    if _REFUSAL.search(text[:300]):
        return "refusal"
    lower = text.lower()
    if (lower.startswith(_EAGER) or any(map(lower.__contains__, _ASSISTANT_SIGNS))) and _ASSISTANT.search(text):
        return "assistant_talk"
    if count < step.min_words:
        return "too_short"
    if count > step.max_words:
        return "too_long"
    words = _words(lower)
    if _loops(words):
        return "loop"
    return "prompt_echo" if _echoes(words, instructions) else None


def not_first_person(text: str) -> str | None:
    """An explanation is told by the person: 'I' or 'my' at least twice, outside quoted speech."""
    outside = re.sub(r'"[^"]*"', " ", text)
    return None if len(_FIRST_PERSON.findall(outside)) >= 2 else "not_first_person"


def echoes(text: str, instructions: str) -> bool:
    """Whether a run of ECHO_WORDS words of the instructions stands in the text."""
    return _echoes(_words(text.lower()), instructions)


def loops(text: str) -> bool:
    """Whether the text runs in a loop, as small models do: LOOP_WORDS words in a row that stand three times, a word six
    times in a row, or a "word" of 40 letters."""
    return _loops(_words(text.lower()))


def _echoes(words: list[str], instructions: str) -> bool:
    runs, blocks = _runs(instructions)
    joined = " ".join(words)
    # A run of ECHO_WORDS holds a whole block, wherever it starts: most texts hold none, and need no closer look.
    return any(map(joined.__contains__, blocks)) and not runs.isdisjoint(_grams(words))


def _loops(words: list[str]) -> bool:
    if max(map(len, words), default=0) >= 40:
        return True
    # LOOP_WORDS words that stand three times repeat that many word triples but one, even where they overlap (in the
    # tightest case the same word stands LOOP_WORDS + 2 times), and a word six times in a row repeats three: few texts do.
    repeated = len(words) - 2 - len(set(zip(words, words[1:], words[2:], strict=False)))
    if repeated < 3:
        return False
    if repeated >= LOOP_WORDS - 1:
        runs = Counter(zip(*(words[start:] for start in range(LOOP_WORDS)), strict=False))
        if max(runs.values(), default=0) >= 3:
            return True
    return any(len(set(six)) == 1 for six in zip(*(words[start:] for start in range(6)), strict=False))


def split_reasoning(text: str, asks_for_reasoning: bool) -> tuple[str, str] | None:
    """(reasoning, response). Where notes are asked for, RESPONSE must stand once, after them; else None."""
    if not asks_for_reasoning:
        return ("", text.strip()) if REASONING not in text and RESPONSE not in text else None
    reasoning, marker, response = text.partition(RESPONSE)
    if not marker or RESPONSE in response or not reasoning.strip():
        return None
    return reasoning.strip().removeprefix(REASONING).strip(), response.strip()


@lru_cache(maxsize=64)  # the instructions are the same for all rows of a step
def _runs(instructions: str) -> tuple[frozenset[tuple[str, ...]], tuple[str, ...]]:
    """The runs of ECHO_WORDS words, and the text cut into blocks so small that every such run holds a whole one."""
    words = _words(instructions.lower())
    size = (ECHO_WORDS + 1) // 2
    starts = range(0, len(words) - size + 1, size)
    return frozenset(_grams(words)), tuple(" ".join(words[start : start + size]) for start in starts)


def _grams(words: list[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(words[start:] for start in range(ECHO_WORDS)), strict=False)


def _words(lower: str) -> list[str]:
    return lower.translate(_SPACED).split()
