"""prompt_echo: a text repeats what the model was asked.

An instruction of the prompts, a label of the notes ("Reasoning:"), or, in a response, a long run of the
explanation. Quoting the person's own words is part of a good answer; quoting 40 of them is not.
"""

from __future__ import annotations

import re

from synthempathy.core.records import Pair
from synthempathy.filters.verdict import FIELDS, Rule, Span, Verdict, quoting, text_in
from synthempathy.text.lexicon import phrase_rule
from synthempathy.text.words import text_of

REASON = "prompt_echo"
RUN_WORDS = 40

_LABELS = (
    r"Reasoning|Response|Explanation|Story|Situation|Category|Thinking [Ee]rror|Feelings?|Thoughts?|Emotions?"
    r"|Answer|Prompt|Instructions?|Reply|Output|Input|REASONING|RESPONSE|They want|The emotion"
)
#: A label at the start of a text, a line or a sentence, perhaps in markdown.
_LABEL = re.compile(
    rf"(?:^|[.!?][\"'\u201d)*]{{0,2}}[ \t]{{1,3}})[*#_>\" \t]{{0,4}}(?:{_LABELS})[*_]{{0,2}}:", re.MULTILINE
)


def prompt_echo() -> Rule:
    """A rule by `lexicons/prompt_echo.txt`, labels, and runs of RUN_WORDS words."""
    instructions = phrase_rule(REASON, "prompt_echo")

    def rule(pair: Pair) -> Verdict | None:
        for field in FIELDS:
            text = text_in(pair, field)
            label = _LABEL.search(text) if ":" in text else None
            if label:
                return quoting("drop", REASON, field, text, _stripped(label))
        run = shared_run(text_of(pair.explanation).words, text_of(pair.response).words)
        if run is not None:
            return Verdict("drop", REASON, "response", run)
        return instructions(pair)

    return rule


def _stripped(found: re.Match[str]) -> Span:
    """Where the match stands, without white space around it."""
    text = found[0]
    return found.start() + len(text) - len(text.lstrip()), found.end() - len(text) + len(text.rstrip())


def shared_run(source: list[str], copy: list[str], size: int = RUN_WORDS) -> str | None:
    """The first `size` words in a row of `copy` that stand in `source` too; None if there are none."""
    head, step = 4, size // 2
    # Such a run holds the first words of a block of `source` that begins at a multiple of `step`.
    heads = {tuple(source[start : start + head]) for start in range(0, len(source), step)}
    if heads.isdisjoint(zip(*(copy[start:] for start in range(head)), strict=False)):
        return None
    runs = {tuple(source[start : start + size]) for start in range(len(source) - size + 1)}
    for start in range(len(copy) - size + 1):
        if tuple(copy[start : start + size]) in runs:
            return " ".join(copy[start : start + size])
    return None
