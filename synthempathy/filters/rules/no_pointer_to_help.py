"""no_pointer_to_help: the explanation mentions suicide or self-harm, and the response points to no help.

A mention is a hit of `lexicons/self_harm.txt`; help is a hit of `lexicons/pointer_to_help.txt`: a crisis line, an
emergency service, a professional, or someone the person can trust.
"""

from __future__ import annotations

from pathlib import Path

from synthempathy.core.records import Pair
from synthempathy.filters.base import (
    Action,
    Check,
    Rule,
    Verdict,
    action_of,
    both_reasons,
    english,
    phrases,
    reason_for,
)
from synthempathy.filters.params import Filter
from synthempathy.text.words import text_of

NAME = "no_pointer_to_help"

_FILTERS = Path(__file__).parents[1]
_find_mention = phrases(_FILTERS / "lexicons/self_harm.txt")
_find_help = phrases(_FILTERS / "lexicons/pointer_to_help.txt")


def check_with(action: Action) -> Check:
    """A check whose evidence is the mention in the explanation: what is missing from the response has no place."""
    reason = reason_for(action, NAME)

    def check(pair: Pair) -> Verdict | None:
        mention = _find_mention(text_of(pair.explanation), "explanation")
        if mention is None or _find_help(text_of(pair.response), "response") is not None:
            return None
        return Verdict(action, reason, "explanation", mention.words, mention.spans)

    return check


def _checks(settings: Filter) -> tuple[Check, ...]:
    action = action_of(settings.no_pointer_to_help)
    # An explanation that is dropped for its mention needs no second look at the response.
    return () if action is None or settings.topics.self_harm.explanation == "drop" else (check_with(action),)


RULE = Rule(both_reasons(NAME), _checks, english)
