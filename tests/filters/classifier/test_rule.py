"""The classifier as a rule: it obeys the params, and its verdicts quote what tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from synthempathy.filters.base import Check
from synthempathy.filters.classifier.rule import RULE
from synthempathy.filters.rules.topics import TOPICS
from tests.helpers.pairs import filter_settings, pair_of
from tests.helpers.small_classifier import small_classifier


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("safety")
    small_classifier().save(folder)
    return folder


def checks(folder: Path, *, thresholds: dict[str, float] | None = None, **changes: Any) -> list[Check]:
    given = filter_settings().classifier.model_dump()
    own = given | {"enabled": True, "model": str(folder), "thresholds": thresholds or given["thresholds"]}
    return list(RULE.checks(filter_settings(classifier=own, **changes)))


def test_a_verdict_quotes_the_words_that_tell(saved: Path) -> None:
    response = "It rained all day. You are a moron."
    verdicts = [verdict for check in checks(saved) if (verdict := check(pair_of(response=response)))]
    offensive = next(v for v in verdicts if v.reason == "offensive")
    assert (offensive.action, offensive.field) == ("drop", "response")
    assert offensive.evidence.startswith("classifier ") and "moron" in offensive.evidence
    assert "moron" in [response[start:end] for start, end in offensive.spans]


def test_a_threshold_of_1_silences_a_label_and_a_topic_that_is_kept_has_no_check(saved: Path) -> None:
    pair = pair_of(response="You are a moron.")
    given = filter_settings().classifier.thresholds.model_dump()
    high = checks(saved, thresholds={**given, "offensive": 1.0})
    assert not [verdict for check in high if (verdict := check(pair)) and verdict.reason == "offensive"]
    keep = {"explanation": "keep", "response": "keep"}
    assert len(checks(saved, topics={topic: keep for topic in TOPICS})) == 4


def test_switched_off_it_checks_nothing_and_reads_no_folder() -> None:
    assert list(RULE.checks(filter_settings())) == []
