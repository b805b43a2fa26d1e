"""length: a text has fewer or more words than params.yaml allows (filter.<field>_min_words, _max_words)."""

from __future__ import annotations

from synthempathy.core.records import Pair
from synthempathy.filters.verdict import Field, Rule, Verdict, text_in


def length(field: Field, least: int, most: int) -> Rule:
    """A rule on the words of `field`, counted as runs between white space. Both bounds are allowed."""

    def rule(pair: Pair) -> Verdict | None:
        words = len(text_in(pair, field).split())
        if words < least:
            return Verdict("drop", f"{field}_too_short", field, f"{words} words, at least {least}")
        if words > most:
            return Verdict("drop", f"{field}_too_long", field, f"{words} words, at most {most}")
        return None

    return rule
