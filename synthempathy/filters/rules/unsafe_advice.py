"""unsafe_advice: a response encourages harm, meddles with medicine, or sends someone to drink or revenge.

Advice against it passes ("please do not stop taking it"), and so does understanding ("the wish to get back at
him"): `lexicons/unsafe_advice.txt` says after which words a phrase is none. A dose in figures never passes, in any language.
"""

from __future__ import annotations

import re
from pathlib import Path

from synthempathy.filters.base import Check, Field, Found, Rule, on_texts, phrases, quoted
from synthempathy.filters.params import Filter
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
    return find_dose(text, field) or _find_phrases(text, field)


def find_dose(text: Text, field: Field) -> Found | None:
    """A dose in figures, or in English words."""
    dose = _DOSE.search(text.lower) if any(map(text.lower.__contains__, _UNITS)) else None
    return quoted(text, text.in_raw(*dose.span())) if dose else None


def _checks(settings: Filter) -> tuple[Check, ...]:
    return (on_texts("unsafe_advice", find if settings.wording.english else find_dose, fields=("response",)),)


RULE = Rule(("unsafe_advice",), _checks)
