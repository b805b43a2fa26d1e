"""The stage safety: what it measures on texts that it had not seen."""

from __future__ import annotations

import json
from pathlib import Path

from synthempathy.filters.classifier.model import LABELS


def test_training_measures_what_was_not_seen(safety_model: Path) -> None:
    value = json.loads((safety_model.parent / "safety.json").read_text(encoding="utf-8"))
    assert set(value["labels"]) == set(LABELS)
    assert value["labels"]["refusal"]["average_precision"] > 0.9
    assert value["labels"]["unsafe_advice"]["average_precision"] > 0.7
    assert value["labels"]["offensive"]["average_precision"] > 0.7
    offensive, refusal = value["labels"]["offensive"], value["labels"]["refusal"]
    assert offensive["authors_left_out"] == len(offensive["by_author"]) == 49
    assert offensive["taught"]["rows"] < offensive["rows"] and offensive["taught"]["recall"] > offensive["recall"]
    assert refusal["authors_left_out"] == 0 and "by_author" not in refusal
    assert sum(one["rows"] for one in offensive["by_author"].values()) <= offensive["rows"]
    assert all(0 <= one["recall"] <= 1 and 0 <= one.get("false", 0) <= 1 for one in offensive["by_author"].values())
