"""not_first_person: an explanation is not told by the person who lived it.

What stands in double quotes is left out: a story in the third person quotes its hero, who says "I".
"""

from __future__ import annotations

from synthempathy.filters.base import Field, Found, text_rule
from synthempathy.text.words import MARKS, Text

FIRST_PERSON = frozenset((
    "i", "i'm", "i've", "i'd", "i'll", "im", "ive", "me", "my", "mine", "myself",
    "we", "we're", "we've", "we'd", "we'll", "us", "our", "ours", "ourselves",
))
LEAST, LEAST_SHARE = 2, 0.015  # first-person words, and their share of all words


def find(text: Text, field: Field) -> Found | None:
    """How few words of a text are I, me, my, we and their kin."""
    outside = [not quoted for quoted in text.quoted]
    if text.raw.strip()[:1] in ('"', "\u201c") and text.tokens.count('"') == 2 and text.tokens[-1] == '"':
        outside = [True] * len(outside)  # the whole answer was put in quotes
    words = [token for token, said in zip(text.tokens, outside, strict=True) if said and token not in MARKS]
    first = sum(1 for word in words if word in FIRST_PERSON)
    if first >= LEAST and first >= LEAST_SHARE * len(words):
        return None
    return Found(f"{first} first-person words in {len(words)} outside quotes")


RULE = text_rule("not_first_person", find, fields=("explanation",))
