"""stats: the corpus in numbers, beside the paper's, and two tables to plot.

    python -m stages.statistics.stats data/corpus.jsonl metrics/corpus.json metrics/lengths.csv metrics/categories.csv

All figures of variety are of the responses; `vocabulary` counts the different words of explanations
and responses together. What a word is stands in `measures`.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from stages.common.command import run_stage
from stages.common.files import write_json, written_whole
from stages.common.params import load_params
from stages.common.progress import say
from stages.common.records import CATEGORIES, Pair, read_records
from stages.statistics import measures

#: What the paper says of its corpus (Chen et al. 2025, arXiv 2502.17857), under our names.
PAPER = {"pairs": 105_578, "explanation_words_mean": 95.5, "response_words_mean": 153.7}

MATTR_WINDOW = 100  # words
BIN_WORDS = 10  # of metrics/lengths.csv, and of lengths.vega.json, which draws it


def stats(corpus: Path, metrics: Path, lengths: Path, categories: Path, *, params: Path) -> None:
    """Measure `corpus`; write the metrics (JSON) and the two tables (CSV)."""
    settings = load_params(params).stats
    pairs = read_records(corpus, Pair)
    words = {
        "explanation": [len(pair.explanation.split()) for pair in pairs],
        "response": [len(pair.response.split()) for pair in pairs],
    }
    counts = category_counts(pairs)
    figures = {
        "pairs": len(pairs),
        "seeds": len({pair.seed_id for pair in pairs}),
        "stories": len({pair.story for pair in pairs}),
        **{f"{k}_words_{f}": v for k, lengths_ in words.items() for f, v in measures.length_figures(lengths_).items()},
        **variety(pairs, settings.top_openings),
        "categories": counts,
        "models": model_counts(pairs),
        "paper": PAPER,
    }
    bins = [(kind, *bin_) for kind, lengths_ in words.items() for bin_ in measures.binned(lengths_, BIN_WORDS).items()]
    with written_whole(metrics, lengths, categories) as (metrics_part, lengths_part, categories_part):
        write_json(metrics_part, figures)
        write_csv(lengths_part, ("kind", "words", "count"), bins)
        write_csv(categories_part, ("category", "pairs"), counts.items())
    say(
        f"stats: {len(pairs)} pairs; explanations of {figures['explanation_words_mean']:.1f} words, "
        f"responses of {figures['response_words_mean']:.1f}"
    )


def variety(pairs: Sequence[Pair], top_openings: int) -> dict[str, float]:
    """How varied the responses are; shares and ratios from 0 to 1."""
    texts, vocabulary = measures.numbered([text for pair in pairs for text in (pair.response, pair.explanation)])
    responses = texts[::2]
    return {
        "vocabulary": vocabulary,
        "distinct_1": measures.distinct(responses, 1),
        "distinct_2": measures.distinct(responses, 2),
        "mattr": fmean(measures.mattr(response, MATTR_WINDOW) for response in responses),
        "top_opening_share": measures.top_opening_share(responses, top_openings),
        "question_share": sum("?" in pair.response for pair in pairs) / len(pairs),
        "response_distinct_share": len({tuple(response) for response in responses}) / len(responses),
    }


def category_counts(pairs: Sequence[Pair]) -> dict[str, int]:
    """Pairs a category: SAD's nine in their order, even at 0, then any others by name."""
    counts = Counter(pair.category for pair in pairs)
    return {c: counts[c] for c in (*CATEGORIES, *sorted(counts.keys() - set(CATEGORIES)))}


def model_counts(pairs: Sequence[Pair]) -> dict[str, dict[str, int]]:
    """Pairs by the model that wrote the story, the explanation, the response; `unknown` where none is named."""
    fields = {"story": "model", "explanation": "explanation_model", "response": "response_model"}
    return {
        text: dict(sorted(Counter(str(getattr(pair, field, "unknown")) for pair in pairs).items()))
        for text, field in fields.items()
    }


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([header, *rows])


if __name__ == "__main__":
    run_stage(
        stats,
        {
            "corpus": "the pairs (JSONL)",
            "metrics": "all figures (JSON), written",
            "lengths": "texts a bin of words (CSV), written",
            "categories": "pairs a category (CSV), written",
        },
        doc=__doc__,
        optional=("lengths", "categories"),
    )
