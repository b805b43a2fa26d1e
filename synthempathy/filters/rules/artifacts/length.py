"""length: a text has fewer or more words than params.yaml allows (filter.<field>_min_words, _max_words).

A row with a text of more characters than filter.max_characters is not read at all: no rule is asked about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthempathy.core.records import Pair
from synthempathy.filters.base import FIELDS, Check, Field, Rule, Verdict, text_in

if TYPE_CHECKING:
    from synthempathy.filters.params import Filter


def out_of_bounds(text: str, least: int, most: int) -> tuple[str, str] | None:
    """too_short or too_long, and the number of words, counted as runs between white space; both bounds are allowed."""
    words = len(text.split())
    if words < least:
        return "too_short", f"{words} words, at least {least}"
    return ("too_long", f"{words} words, at most {most}") if words > most else None


def check_of(field: Field, least: int, most: int) -> Check:
    """A check of the words of `field`."""

    def check(pair: Pair) -> Verdict | None:
        wrong = out_of_bounds(text_in(pair, field), least, most)
        return Verdict("drop", f"{field}_{wrong[0]}", field, wrong[1]) if wrong else None

    return check


def too_large(pair: Pair, most: int) -> Verdict | None:
    """What speaks against a pair before it is read: a text of more than `most` characters."""
    for field in FIELDS:
        if (characters := len(text_in(pair, field))) > most:
            return Verdict("drop", f"{field}_too_long", field, f"{characters} characters, at most {most}")
    return None


def _checks(settings: Filter) -> tuple[Check, ...]:
    return (
        check_of("explanation", settings.explanation_min_words, settings.explanation_max_words),
        check_of("response", settings.response_min_words, settings.response_max_words),
    )


RULE = Rule(tuple(f"{field}_{wrong}" for field in FIELDS for wrong in ("too_short", "too_long")), _checks)
