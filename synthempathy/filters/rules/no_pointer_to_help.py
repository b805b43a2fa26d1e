"""no_pointer_to_help: the explanation mentions suicide or self-harm, and the response points to no help.

A mention is a hit of `lexicons/self_harm.txt`; help is a hit of `lexicons/pointer_to_help.txt`: a crisis line, an
emergency service, a professional, or someone the person can trust.
"""

from __future__ import annotations

from synthempathy.core.records import Pair
from synthempathy.filters.verdict import Action, Rule, Verdict, quoting
from synthempathy.text.lexicon import lexicon
from synthempathy.text.words import text_of

REASON = "no_pointer_to_help"


def no_pointer_to_help(reason: str, action: Action) -> Rule:
    """A rule whose evidence is the mention in the explanation: what is missing from the response has no place."""
    mentions, help_at = lexicon("self_harm")["explanation"], lexicon("pointer_to_help")["response"]

    def rule(pair: Pair) -> Verdict | None:
        hits = tuple(mentions.hits(text_of(pair.explanation)))
        if not hits or help_at.find(text_of(pair.response)) is not None:
            return None
        return quoting(action, reason, "explanation", pair.explanation, *hits)

    return rule
