"""This corpus beside the paper's and beside others, each figure with its source. What is not known is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: What the paper says of its corpus (Chen et al. 2025, arXiv 2502.17857), under our names.
PAPER = {"pairs": 105_578, "explanation_words_mean": 95.5, "response_words_mean": 153.7}

HEADER = ("corpus", "size", "of", "made_by", "explanation_words_mean", "response_words_mean", "source")

OTHERS = (
    ("EmpatheticDialogues", 24_850, "conversations", "crowd workers", None, None, "Rashkin et al., ACL 2019"),
    ("EPITOME", 10_000, "pairs (about)", "people, annotated", None, None, "Sharma et al., EMNLP 2020"),
    ("ESConv", 1_053, "conversations", "crowd workers", None, None, "Liu et al., ACL 2021"),
    ("Synth-Empathy", None, "pairs", "an LLM, from EmpatheticDialogues", None, None, "Liang et al., 2024"),
)


def comparison(figures: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """One row per corpus, under HEADER: this one, the paper's, the others."""

    def row(name: str, of: Mapping[str, Any], source: str) -> tuple[Any, ...]:
        words = (round(of[f"{text}_words_mean"], 1) for text in ("explanation", "response"))
        return (name, of["pairs"], "pairs", "LLMs", *words, source)

    paper = row("SYNTHEMPATHY", PAPER, "Chen et al., arXiv 2502.17857")
    return [row("this corpus", figures, "metrics/corpus.json"), paper, *OTHERS]
