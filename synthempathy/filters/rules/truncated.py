"""truncated: a text does not end in closing punctuation, so the model was cut off."""

from __future__ import annotations

import unicodedata

from synthempathy.core.records import Pair
from synthempathy.filters.verdict import FIELDS, Verdict, quoting, text_in

ENDS = frozenset(".!?\u2026\u3002\uff01\uff1f")  # the ellipsis and the full-width marks among them
CLOSERS = frozenset("\"'\u2019\u201d)]}*_~")  # may stand after the end: quotes, brackets, markdown
SYMBOLS = frozenset(("So", "Sk", "Mn", "Me", "Cf"))  # Unicode classes of emoji and of what joins them
SHOWN = 40


def truncated(pair: Pair) -> Verdict | None:
    """Drop a pair with a text that stops in the middle of a sentence."""
    for field in FIELDS:
        text = text_in(pair, field)
        if not _ends(text):
            end = len(text.rstrip())
            return quoting("drop", "truncated", field, text, (max(0, end - SHOWN), end))
    return None


def _ends(text: str) -> bool:
    for character in reversed(text):
        if character in ENDS:
            return True
        if not (character.isspace() or character in CLOSERS or unicodedata.category(character) in SYMBOLS):
            return False
    return False
