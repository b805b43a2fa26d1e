"""All rules in the order in which they are asked, and all reasons that a row can be rejected for.

The first rule with a verdict names a row's reason: form first, then what the model said of itself, then content, then
whether the response belongs to the explanation. What only holds back for review comes after all that drops (judging.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from synthempathy.filters.classifier.model import classifier_rules
from synthempathy.filters.params import Filter, Policy
from synthempathy.filters.rules.answers_someone_else import answers_someone_else
from synthempathy.filters.rules.assistant_talk import assistant_talk
from synthempathy.filters.rules.length import length
from synthempathy.filters.rules.no_pointer_to_help import no_pointer_to_help
from synthempathy.filters.rules.not_english import not_english
from synthempathy.filters.rules.not_first_person import not_first_person
from synthempathy.filters.rules.offensive import offensive
from synthempathy.filters.rules.personal_data import personal_data
from synthempathy.filters.rules.prompt_echo import prompt_echo
from synthempathy.filters.rules.refusal import refusal
from synthempathy.filters.rules.repetition import repetition
from synthempathy.filters.rules.sensitive import TOPICS, sensitive, sensitive_reason
from synthempathy.filters.rules.truncated import truncated
from synthempathy.filters.rules.unsafe_advice import unsafe_advice
from synthempathy.filters.verdict import FIELDS, Action, Rule

#: The reason of a row that data/review/decisions.csv drops.
DECISION = "decision"

ACTIONS: tuple[Action, ...] = ("drop", "review")

#: Rules on the pair as a whole that have a policy of their own in params.yaml.
OF_THE_PAIR = ("no_pointer_to_help", "answers_someone_else")

#: Every reason, whatever the params are, so that metrics show a change of policy as a move.
REASONS: tuple[str, ...] = (
    "explanation_too_short", "explanation_too_long", "response_too_short", "response_too_long",
    "truncated", "not_english", "repetition", "refusal", "assistant_talk", "prompt_echo", "not_first_person",
    "personal_data", "offensive", "unsafe_advice",
    *(sensitive_reason(topic, action) for action in ACTIONS for topic in TOPICS),
    *OF_THE_PAIR, *(f"review_{name}" for name in OF_THE_PAIR),
    DECISION,
)


def rules_in_order(settings: Filter) -> tuple[Rule, ...]:
    """The rules that `settings` (params.yaml's filter section) asks for. Reads the lexicons and the classifier."""
    return (
        length("explanation", settings.explanation_min_words, settings.explanation_max_words),
        length("response", settings.response_min_words, settings.response_max_words),
        truncated, not_english, repetition,
        refusal(), assistant_talk(), prompt_echo(),
        not_first_person,
        *((personal_data,) if settings.personal_data == "drop" else ()),
        offensive(), unsafe_advice(),
        *_topics(settings),
        *_of_the_pair(settings),
        *_learned(settings),
    )


def _learned(settings: Filter) -> tuple[Rule, ...]:
    """The second layer, asked after the lexicons: it finds what they miss."""
    return classifier_rules(settings, Path(settings.classifier.model)) if settings.classifier.model else ()


def _topics(settings: Filter) -> Iterator[Rule]:
    """One rule for a topic and an action, on the fields that the policy gives it."""
    for action in ACTIONS:
        for topic in TOPICS:
            policy = getattr(settings.topics, topic)
            fields = tuple(field for field in FIELDS if getattr(policy, field) == action)
            if fields:
                yield sensitive(topic, action, fields)


def _of_the_pair(settings: Filter) -> Iterator[Rule]:
    # An explanation that is dropped for its mention needs no second look at the response.
    if settings.no_pointer_to_help != "keep" and settings.topics.self_harm.explanation != "drop":
        yield no_pointer_to_help(*_reason("no_pointer_to_help", settings.no_pointer_to_help))
    if settings.answers_someone_else != "keep":
        yield answers_someone_else(*_reason("answers_someone_else", settings.answers_someone_else))


def _reason(name: str, policy: Policy) -> tuple[str, Action]:
    return (name, "drop") if policy == "drop" else (f"review_{name}", "review")
