"""refusal: the model declines ("I cannot help with that") or speaks of itself ("As an AI ...")."""

from __future__ import annotations

from stages.curation.rules.lexicon import phrase_rule
from stages.curation.rules.verdict import Rule


def refusal() -> Rule:
    """A rule by `lexicons/refusal.txt`; declining is looked for in responses alone, where nobody else speaks."""
    return phrase_rule("refusal", "refusal")
