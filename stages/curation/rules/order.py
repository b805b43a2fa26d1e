"""All rules in the order in which they are asked, and all reasons that a row can be rejected for.

The first rule with a verdict names a row's reason: form first, then what the model said of itself, then content;
rules that drop stand before rules that only hold back for review.
"""

from __future__ import annotations

from stages.common.sections import Filter
from stages.curation.rules.assistant_talk import assistant_talk
from stages.curation.rules.length import length
from stages.curation.rules.not_first_person import not_first_person
from stages.curation.rules.offensive import offensive
from stages.curation.rules.personal_data import personal_data
from stages.curation.rules.prompt_echo import prompt_echo
from stages.curation.rules.refusal import refusal
from stages.curation.rules.repetition import repetition
from stages.curation.rules.sensitive import TOPICS, sensitive, sensitive_reason
from stages.curation.rules.truncated import truncated
from stages.curation.rules.unsafe_advice import unsafe_advice
from stages.curation.rules.verdict import Action, Rule

#: The reason of a row that data/review/decisions.csv drops.
DECISION = "decision"

ACTIONS: tuple[Action, ...] = ("drop", "review")

#: Every reason, whatever the params are, so that metrics show a change of policy as a move.
REASONS: tuple[str, ...] = (
    "explanation_too_short", "explanation_too_long", "response_too_short", "response_too_long",
    "truncated", "repetition", "refusal", "assistant_talk", "prompt_echo", "not_first_person",
    "personal_data", "offensive", "unsafe_advice",
    *(sensitive_reason(topic, action) for action in ACTIONS for topic in TOPICS),
    DECISION,
)


def rules_in_order(settings: Filter) -> tuple[Rule, ...]:
    """The rules that `settings` (params.yaml's filter section) asks for. Reads the lexicons."""
    return (
        length("explanation", settings.explanation_min_words, settings.explanation_max_words),
        length("response", settings.response_min_words, settings.response_max_words),
        truncated, repetition,
        refusal(), assistant_talk(), prompt_echo(),
        not_first_person,
        personal_data, offensive(), unsafe_advice(),
        *_topics(settings, "drop"), *_topics(settings, "review"),
    )


def _topics(settings: Filter, action: Action) -> tuple[Rule, ...]:
    return tuple(sensitive(topic, action) for topic in TOPICS if getattr(settings.topics, topic) == action)
