"""offensive: slurs, and insults aimed at people. Ordinary anger and swearing at things pass.

`lexicons/offensive.txt` holds what is never said here, `lexicons/insults.txt` what is only offensive when it
is said to the reader. Disguises are undone: b1tch, a$$hole, f*ck you, biiitch.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from synthempathy.filters.base import Field, Found, Span, lexicon, quoted, text_rule
from synthempathy.text.disguise import Disguises
from synthempathy.text.words import Text

_LEXICONS = [Path(__file__).parents[1] / name for name in ("lexicons/offensive.txt", "lexicons/insults.txt")]


def find(text: Text, field: Field) -> Found | None:
    """Every phrase of the two lexicons; where there is none, every disguised one."""
    hits = _hits(text, field)
    if not hits:
        plain = _disguises().undone(text)
        hits = _hits(plain, field) if plain is not text else []
    return quoted(text, *hits)


RULE = text_rule("offensive", find)


def _hits(text: Text, field: Field) -> list[Span]:
    return [span for path in _LEXICONS for span in lexicon(path)[field].hits(text)]


@cache
def _disguises() -> Disguises:
    return Disguises(frozenset().union(*(one.vocabulary for path in _LEXICONS for one in lexicon(path).values())))
