"""unsafe_advice: a response encourages harm, meddles with medicine, or sends someone to drink or revenge.

Advice against it passes ("please do not stop taking it"), and so does understanding ("the wish to get back at
him"): `lexicons/unsafe_advice.txt` says after which words a phrase is none. A dose in figures never passes.
"""

from __future__ import annotations

import re

from synthempathy.core.records import Pair
from synthempathy.filters.verdict import Rule, Verdict, quoting
from synthempathy.text.lexicon import phrase_rule

REASON = "unsafe_advice"

_NUMBER = (
    r"(?:\d{1,5}(?:[.,]\d{1,3})?|five|ten|fifteen|twenty|twenty-five|thirty|forty|fifty|seventy-five"
    r"|(?:a|one|two|five) hundred)"
)
_DOSE = re.compile(rf"\b{_NUMBER}[ -]?(?:mg|mcg|\u00b5g|milligrams?|micrograms?)\b", re.IGNORECASE)
_UNITS = ("mg", "mcg", "gram", "\u00b5g")  # a quick look before the slow one


def unsafe_advice() -> Rule:
    """A rule on responses alone."""
    phrases = phrase_rule(REASON, "unsafe_advice")

    def rule(pair: Pair) -> Verdict | None:
        dose = _DOSE.search(pair.response) if any(unit in pair.response.lower() for unit in _UNITS) else None
        if dose:
            return quoting("drop", REASON, "response", pair.response, dose.span())
        return phrases(pair)

    return rule
