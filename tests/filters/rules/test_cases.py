"""The rules that have a table in tests/data/safety, against it: what each must find, and hard negatives that pass."""

from __future__ import annotations

import csv

import pytest

from synthempathy.filters.base import Check, text_rule
from synthempathy.filters.judging import REASONS
from synthempathy.filters.rules import offensive, personal_data, unsafe_advice
from synthempathy.filters.rules.artifacts import assistant_talk, prompt_echo, refusal
from synthempathy.filters.rules.topics import FINDERS, TOPICS, topic_reason
from tests.helpers.pairs import ROOT, cases, filter_settings, pair_with

TOPIC_RULES = {topic: text_rule(topic_reason(topic, "drop"), FINDERS[topic]) for topic in TOPICS}
CHECKS: dict[str, Check] = {
    name: next(iter(rule.checks(filter_settings())))
    for name, rule in {
        "refusal": refusal.RULE, "assistant_talk": assistant_talk.RULE, "prompt_echo": prompt_echo.RULE,
        "personal_data": personal_data.RULE, "offensive": offensive.RULE, "unsafe_advice": unsafe_advice.RULE, **TOPIC_RULES,
    }.items()
}
ALL = [(name, row["field"], row["reason"], row["text"]) for name in CHECKS for row in cases(name)]


@pytest.mark.parametrize(("name", "field", "reason", "text"), ALL, ids=[f"{c[0]}: {c[3][:40]}" for c in ALL])
def test_case(name: str, field: str, reason: str, text: str) -> None:
    verdict = CHECKS[name](pair_with(field, text))
    if not reason:
        assert verdict is None
        return
    assert verdict is not None
    assert (verdict.action, verdict.reason, verdict.field) == ("drop", reason, field)
    assert verdict.evidence and verdict.evidence.lower() in text.replace("\n", " ").lower()
    assert verdict.reason in REASONS


@pytest.mark.parametrize("name", CHECKS)
def test_tables_are_full(name: str) -> None:
    rows = cases(name)
    assert sum(bool(row["reason"]) for row in rows) >= 5
    assert sum(not row["reason"] for row in rows) >= 8


@pytest.mark.parametrize("name", CHECKS)
def test_hard_negatives_pass_the_topics_of_all_other_rules(name: str) -> None:
    for row in cases(name):
        for topic in TOPICS:
            if not row["reason"]:
                assert CHECKS[topic](pair_with(row["field"], row["text"])) is None, row["text"]


def test_ordinary_stress_sentences_pass_every_content_rule() -> None:
    with (ROOT / "data/seeds/stressors.csv").open(encoding="utf-8", newline="") as stream:
        sentences = [row["sentence"] for row in csv.DictReader(stream)]
    assert len(sentences) > 300
    hits = [
        (name, sentence, verdict.evidence)
        for sentence in sentences for name, check in CHECKS.items() for field in ("explanation", "response")
        if (verdict := check(pair_with(field, sentence))) is not None
    ]
    assert hits == []
