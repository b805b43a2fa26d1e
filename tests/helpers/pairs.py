"""Pairs to ask rules about, and the cases of tests/data/safety."""

from __future__ import annotations

from pathlib import Path

from synthempathy.core.files import read_csv
from synthempathy.core.records import Pair
from synthempathy.filters.base import Verdict
from synthempathy.filters.params import Filter
from synthempathy.project.params import load_params

ROOT = Path(__file__).parents[2]


def pair_of(explanation: str = "I was late.", response: str = "That was hard.", **more: str) -> Pair:
    """A whole record; `more` replaces or adds fields."""
    return Pair(**{
        "id": "p", "seed_id": "s", "category": "Work", "seed": "s", "story": "Ann missed the bus.", "model": "m",
        "explanation": explanation, "response": response, "reasoning": "", **more,
    })


def pair_with(field: str, text: str) -> Pair:
    """A pair with `text` in `field`, the other being harmless."""
    return pair_of(**{field: text})


def cases(name: str) -> list[dict[str, str]]:
    """The rows of a table in tests/data/safety: field, reason (empty for what must pass), text."""
    return [row for _, row in read_csv(ROOT / f"tests/data/safety/{name}.csv", ("field", "reason", "text"))]


def labelled_pairs() -> list[Pair]:
    """The posts and replies that the scorer learns from: real people's."""
    rows = read_csv(ROOT / "data/empathy/labelled_pairs.csv", ("explanation", "response"))
    return [pair_of(row["explanation"] or ".", row["response"] or ".") for _, row in rows]


def cut(pair: Pair, verdict: Verdict) -> list[str]:
    """The pieces that a verdict's spans mark."""
    return [getattr(pair, verdict.field)[start:end] for start, end in verdict.spans]


def reason_of(verdict: Verdict | None) -> str | None:
    return verdict.reason if verdict else None


def filter_settings(**changes: object) -> Filter:
    """The section filter of params.yaml without the classifier, which may not be here."""
    given = load_params(ROOT / "params.yaml").filter
    off = given.classifier.model_dump() | {"enabled": False}
    return Filter.model_validate(given.model_dump() | {"classifier": off} | changes)
