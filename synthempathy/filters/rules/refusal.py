"""refusal: the model declines ("I cannot help with that") or speaks of itself ("As an AI ...")."""

from __future__ import annotations

from synthempathy.filters.verdict import Rule
from synthempathy.text.lexicon import phrase_rule


def refusal() -> Rule:
    """A rule by `lexicons/refusal.txt`; declining is looked for in responses alone, where nobody else speaks."""
    return phrase_rule("refusal", "refusal")
