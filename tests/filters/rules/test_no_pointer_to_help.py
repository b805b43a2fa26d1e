"""A mention of suicide calls for a pointer to help."""

from __future__ import annotations

import pytest

from synthempathy.filters.rules.no_pointer_to_help import check_with
from tests.helpers.pairs import cut, pair_of

POINTER = check_with("drop")

MENTION = "I lost my job. Some nights I think about killing myself, and then I make tea."


@pytest.mark.parametrize("response", [
    "Please call 988 tonight.", "You can text HOME to 741741.", "Samaritans are there day and night.",
    "Would you see a doctor this week?", "A therapist can carry some of it with you.", "Go to the nearest emergency room.",
    "Is there someone you trust who could sit with you?", "Please tell your sister tonight.", "Talk to a friend.",
    "Reach out to someone today.", "If you are in danger, call an ambulance.", "A crisis line is open now.",
    "Why don't you talk to your doctor about this?",
])
def test_pointers_to_help_are_known(response: str) -> None:
    assert POINTER(pair_of(MENTION, response)) is None


@pytest.mark.parametrize("response", [
    "That sounds very heavy. I am glad you made tea.", "It must hurt that your doctor laughed at you.",
    "Your family left you alone with it.", "I hear you, and I am with you in it.", "Try to sleep, and think of the sea.",
])
def test_kind_words_alone_point_to_no_help(response: str) -> None:
    pair = pair_of(MENTION, response)
    verdict = POINTER(pair)
    assert verdict is not None
    assert (verdict.action, verdict.reason, verdict.field) == ("drop", "no_pointer_to_help", "explanation")
    assert cut(pair, verdict) == ["killing myself"]
    assert POINTER(pair_of("I lost my job, and I am killing time.", response)) is None
