"""Topics: their reasons by policy, and what makes sexual content one about minors."""

from __future__ import annotations

from synthempathy.filters.base import on_texts
from synthempathy.filters.rules.topics import FINDERS, RULE, TOPICS, find_minors
from synthempathy.text.words import Text
from tests.helpers.pairs import filter_settings, pair_of


def test_review_holds_back_under_its_own_reason() -> None:
    verdict = on_texts("review_violence", FINDERS["violence"], "review")(pair_of("My cousin was murdered."))
    assert verdict is not None
    assert (verdict.action, verdict.reason) == ("review", "review_violence")
    assert verdict.detail == "explanation: murdered"


def test_a_topic_that_is_kept_has_no_check() -> None:
    keep = {topic: {"explanation": "keep", "response": "keep"} for topic in TOPICS}
    assert list(RULE.checks(filter_settings(topics=keep))) == []
    one = {**keep, "drugs": {"explanation": "drop", "response": "review"}}
    first, second = RULE.checks(filter_settings(topics=one))
    pair = pair_of("My son takes heroin.", "Your son takes heroin.")
    assert [check(pair).detail for check in (first, second)] == ["explanation: heroin", "response: heroin"]
    assert [check(pair).reason for check in (first, second)] == ["sensitive_drugs", "review_drugs"]


def test_sexual_content_is_about_minors_only_within_one_sentence() -> None:
    assert find_minors(Text("A boy of the team, a 15 year old, was sexting with a teacher."), "explanation") is not None
    assert find_minors(Text("He watches porn. My son sleeps next door."), "explanation") is None
    assert find_minors(Text("A 35 year old colleague was sexting at work."), "explanation") is None
