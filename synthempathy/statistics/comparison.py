"""This corpus beside those that the domain's description names, each figure with its source. What is not known is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synthempathy.domain.description import Domain

HEADER = ("corpus", "size", "of", "made_by", "explanation_words_mean", "response_words_mean", "source")


def comparison(figures: Mapping[str, Any], domain: Domain) -> list[tuple[Any, ...]]:
    """One row per corpus, under HEADER: this one, the published one that it stands beside, the others."""

    def row(name: str, of: Mapping[str, Any], source: str) -> tuple[Any, ...]:
        words = (round(of[f"{text}_words_mean"], 1) for text in ("explanation", "response"))
        return (name, of["pairs"], "pairs", "LLMs", *words, source)

    beside = domain.beside
    return [
        row("this corpus", figures, "metrics/corpus.json"),
        *([row(beside.name, beside.model_dump(), beside.source)] if beside else []),
        *((other.name, other.size, other.of, other.made_by, None, None, other.source) for other in domain.others),
    ]
