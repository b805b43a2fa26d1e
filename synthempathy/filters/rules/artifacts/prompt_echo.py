"""prompt_echo: a text repeats what the model was asked.

An instruction of the prompts (`lexicons/artifacts/prompt_echo.txt`), a label of the notes ("Reasoning:"), or, in a response, a
long run of the explanation. Quoting the person's own words is part of a good answer; quoting 40 of them is not. Generation,
which knows the prompt, looks for short runs of that besides. Instructions, and most labels, are known in English alone; the
labels that the domain's description names are known in every language.
"""

from __future__ import annotations

import re
from functools import cache, partial
from pathlib import Path

from synthempathy.core.records import Pair
from synthempathy.domain.wording import Labels, Wording
from synthempathy.filters.base import Field, Find, Found, Rule, Span, Verdict, on_texts, phrases, quoted
from synthempathy.text.words import Text, text_of

REASON = "prompt_echo"
RUN_WORDS = 40

_LABELS = (
    r"Reasoning|Response|Explanation|Story|Situation|Category|Thinking [Ee]rror|Feelings?|Thoughts?|Emotions?"
    r"|Answer|Prompt|Instructions?|Reply|Output|Input|REASONING|RESPONSE|They want|The emotion"
)

_find_phrases = phrases(Path(__file__).parents[2] / "lexicons/artifacts/prompt_echo.txt")


@cache
def _labelled(labels: Labels, english: bool) -> re.Pattern[str]:
    """A label at the start of a text, a line or a sentence, perhaps in markdown."""
    known = [re.escape(one) for one in (labels.reasoning, labels.response, *Labels().model_dump().values())]
    names = "|".join([_LABELS, *known] if english else known)
    return re.compile(
        rf"(?:^|[.!?][\"'\u201d)*]{{0,2}}[ \t]{{1,3}})[*#_>\" \t]{{0,4}}(?:{names})[*_]{{0,2}}:", re.MULTILINE
    )


_ENGLISH = _labelled(Labels(), True)


def of(wording: Wording) -> Find:
    """The check for texts in the language of `wording`."""
    return partial(_found, labelled=_labelled(wording.labels, wording.english), english=wording.english)


def find(text: Text, field: Field) -> Found | None:
    """A label, or an instruction, of English prompts."""
    return _found(text, field, labelled=_ENGLISH, english=True)


def _found(text: Text, field: Field, *, labelled: re.Pattern[str], english: bool) -> Found | None:
    label = labelled.search(text.raw) if ":" in text.raw else None
    if label:
        return quoted(text, _stripped(label))
    return _find_phrases(text, field) if english else None


def copied(pair: Pair) -> Verdict | None:
    """A check for RUN_WORDS words of the explanation in the response."""
    run = shared_run(text_of(pair.explanation).words, text_of(pair.response).words)
    return Verdict("drop", REASON, "response", run) if run is not None else None


RULE = Rule((REASON,), lambda settings: (on_texts(REASON, of(settings.wording), story_as="response"), copied))


def _stripped(found: re.Match[str]) -> Span:
    """Where the match stands, without white space around it."""
    text = found[0]
    return found.start() + len(text) - len(text.lstrip()), found.end() - len(text) + len(text.rstrip())


def shared_run(source: list[str], copy: list[str], size: int = RUN_WORDS) -> str | None:
    """The first `size` words in a row of `copy` that stand in `source` too; None if there are none."""
    step = max(1, size // 2)
    # Such a run holds a block of `source` that begins at a multiple of `step`; its first words are a quick look.
    blocks = {tuple(source[start : start + step]) for start in range(0, len(source) - step + 1, step)}
    heads = {block[:4] for block in blocks}
    beginnings = zip(*(copy[start:] for start in range(min(4, step))), strict=False)
    if not any(tuple(copy[at : at + step]) in blocks for at, head in enumerate(beginnings) if head in heads):
        return None
    runs = {tuple(source[start : start + size]) for start in range(len(source) - size + 1)}
    for start in range(len(copy) - size + 1):
        if tuple(copy[start : start + size]) in runs:
            return " ".join(copy[start : start + size])
    return None
