"""truncated: a text does not end in closing punctuation, so the model was cut off."""

from __future__ import annotations

import unicodedata

from synthempathy.filters.base import FIELDS, Field, Found, Rule, on_texts, quoted
from synthempathy.text.words import Text

#: The ellipsis and the full-width marks among them, and those of Hindi, Arabic, Urdu, Armenian, Ethiopic and Khmer.
ENDS = frozenset(".!?\u2026\u3002\uff01\uff1f\uff0e\uff61\u0964\u0965\u061f\u06d4\u0589\u1362\u17d4")
#: May stand after the end: quotes (of German and French, of Chinese and Japanese, too), brackets, markdown.
CLOSERS = frozenset("\"'\u2019\u201d)]}*_~\u201c\u2018\u00bb\u00ab\u203a\u2039\u300d\u300f\uff09\u3011\u300b")
SYMBOLS = frozenset(("So", "Sk", "Mn", "Me", "Cf"))  # Unicode classes of emoji and of what joins them
SHOWN = 40
STORY_WORDS = 3  # a story of fewer is a mark in a row that has none: pairs may come from elsewhere


def find(text: Text, field: Field) -> Found | None:
    """The last characters of a text that stops in the middle of a sentence."""
    for character in reversed(text.raw):
        if character in ENDS:
            return None
        if not (character.isspace() or character in CLOSERS or unicodedata.category(character) in SYMBOLS):
            break
    end = len(text.raw.rstrip())
    return quoted(text, (max(0, end - SHOWN), end))


def find_in_story(text: Text, field: Field) -> Found | None:
    """As `find`, where there is a story."""
    return find(text, field) if len(text.words) >= STORY_WORDS else None


RULE = Rule(("truncated",), lambda settings: (
    on_texts("truncated", find, fields=FIELDS), on_texts("truncated", find_in_story, fields=("story",)),
))
