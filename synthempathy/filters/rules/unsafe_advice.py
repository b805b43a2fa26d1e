"""unsafe_advice: a response encourages harm, meddles with medicine, or sends someone to drink or revenge.

Advice against it passes ("please do not stop taking it"), and so does understanding ("the wish to get back at
him"): `lexicons/unsafe_advice.txt` says after which words a phrase is none. A dose in figures never passes.
"""

from __future__ import annotations

import re
from pathlib import Path

from synthempathy.filters.base import Field, Found, phrases, quoted, text_rule
from synthempathy.text.words import Text

_NUMBER = (
    r"(?:\d{1,5}(?:[.,]\d{1,3})?|five|ten|fifteen|twenty|twenty-five|thirty|forty|fifty|seventy-five"
    r"|(?:a|one|two|five) hundred)"
)
_DOSE = re.compile(rf"\b{_NUMBER}[ -]?(?:mg|mcg|\u03bcg|milligrams?|micrograms?)\b")
_UNITS = ("mg", "mcg", "gram", "\u03bcg")  # a quick look before the slow one

_find_phrases = phrases(Path(__file__).parents[1] / "lexicons/unsafe_advice.txt")


def find(text: Text, field: Field) -> Found | None:
    """A dose, or a phrase."""
    dose = _DOSE.search(text.lower) if any(map(text.lower.__contains__, _UNITS)) else None
    return quoted(text, text.in_raw(*dose.span())) if dose else _find_phrases(text, field)


RULE = text_rule("unsafe_advice", find, fields=("response",))
