"""assistant_talk: talk around the answer ("Here's a rewritten version:", "I hope this helps"), or chat markup.

By `lexicons/artifacts/assistant_talk.txt`, openings and markup. Generation asks for talk and markup apart. Talk is known in
English alone; markup is the same in every language.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from synthempathy.filters.base import Check, Field, Found, Rule, on_texts, phrases, quoted
from synthempathy.text.words import Text

if TYPE_CHECKING:
    from synthempathy.filters.params import Filter

_ANSWER = r"(?:response|reply|retelling|rewrite|rewriting|rewritten|paraphrase|first[- ]person|revised|[a-z]{3,20}thetic)"
_AGREES = r"(?:sure|sure thing|certainly|of course|absolutely|okay|ok|no problem)"
#: At the very start of a text.
_OPENING = re.compile(
    rf"\W{{0,4}}(?:{_AGREES}[\s,!.:-]{{1,4}}){{0,2}}here(?:'s| is| are) (?:\S+ ){{0,5}}?\W?"
    rf"(?:{_ANSWER}\b|explanation:)|\W{{0,4}}here(?:'s| is) (?:a|the|your) (?:story|version|explanation)\b"
    rf"|\W{{0,4}}{_AGREES}[\s,!.:-]{{1,4}}(?:here(?:'s| is| are) (?:a|an|the|my|your|one)\b"
    r"|i(?:'d| would) be (?:happy|glad) to|i(?:'ll| will| can) (?:help|assist|rewrite|retell|provide|do my best)"
    r"|let me (?:rewrite|retell|provide))|\W{0,4}(?:sure|certainly|of course|absolutely)[!:]"
)
#: Anywhere: special tokens of chat templates, role labels, placeholders, word counts, notes under the text.
_MARKUP = re.compile(
    r"<\|[^|<>\n]{1,30}\|>|\[/?inst\]|<</?sys>>|</?s>|<(?:start|end)_of_turn>"
    r"|^[ \t>*#]{0,6}(?:user|assistant|human|ai|system|chatbot|therapist)[*]{0,2}[ \t]?:"
    r"|^[ \t*(]{0,4}(?:note|word count|disclaimer)[*]{0,2}[ \t]?:"
    r"|\(?\bword count\b|\(\d{2,3} words\)|^#{2,} ?(?:instruction|input|output|response)"
    r"|\[(?:your|insert|name|user|friend|person|listener|their|his|her|date|place|company|city)\b[^\]\n]{0,40}\]",
    re.MULTILINE,
)
#: Without one of these there is no markup; most texts hold none.
_SIGNS = ("<", "[", ":", "#", "word count", " words)")


_find_phrases = phrases(Path(__file__).parents[2] / "lexicons/artifacts/assistant_talk.txt")


def find_talk(text: Text, field: Field) -> Found | None:
    """What an assistant says before its answer or after it."""
    opening = _OPENING.match(text.lower)
    return quoted(text, text.in_raw(*opening.span())) if opening else _find_phrases(text, field)


def find_markup(text: Text, field: Field) -> Found | None:
    """Markup of a chat that leaked into the text."""
    if not any(map(text.lower.__contains__, _SIGNS)):
        return None
    markup = _MARKUP.search(text.lower)
    return quoted(text, text.in_raw(*markup.span())) if markup else None


def find(text: Text, field: Field) -> Found | None:
    """Either of the two."""
    return find_markup(text, field) or find_talk(text, field)


def _checks(settings: Filter) -> tuple[Check, ...]:
    return (on_texts("assistant_talk", find if settings.wording.english else find_markup, story_as="response"),)


RULE = Rule(("assistant_talk",), _checks)
