"""stats: the corpus in numbers, beside the paper's and other corpora, and the tables behind the pictures.

    python -m stages.stats data/corpus.jsonl metrics/corpus.json metrics/lengths.csv \\
        metrics/categories.csv metrics/coverage.csv metrics/templates.csv metrics/topics.csv metrics/comparison.csv

Figures of diversity are of the responses; `vocabulary` counts the different words of explanations and responses
together. What a word and a sentence are stands in `text/numbered`; what each figure is, in the module that it comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from synthempathy.core.command import run_stage
from synthempathy.core.files import dump_table, write_json, written_whole
from synthempathy.core.params import read_params
from synthempathy.core.progress import say
from synthempathy.core.records import Pair, read_records
from synthempathy.statistics import comparison, coverage, figures
from synthempathy.statistics.params import Stats
from synthempathy.statistics.readability import syllable_counts
from synthempathy.statistics.topics import topic_map
from synthempathy.text.numbered import Vocabulary

BIN_WORDS = 10  # of metrics/lengths.csv, and of lengths.vega.json, which draws it

HEADERS = {
    "lengths": ("kind", "words", "count"),
    "categories": ("category", "pairs"),
    "coverage": ("category", "severity", "pairs"),
    "templates": ("kind", "rank", "text", "responses", "share"),
    "topics": ("topic", "pairs", "terms", "x", "y"),
    "comparison": comparison.HEADER,
}


def stats(corpus: Path, metrics: Path, *tables: Path, params: Path) -> None:
    """Measure `corpus`; write the metrics (JSON) and the tables (CSV), in the order of HEADERS."""
    settings = read_params(params).section("stats", Stats)
    pairs = read_records(corpus, Pair)
    found, rows = measured(pairs, settings)
    with written_whole(metrics, *tables) as (metrics_part, *table_parts):
        write_json(metrics_part, found)
        for (name, header), part in zip(HEADERS.items(), table_parts, strict=True):
            dump_table(part, header, rows[name], decimals=None)
    say(
        f"stats: {len(pairs)} pairs; explanations of {found['explanation_words_mean']:.1f} words, "
        f"responses of {found['response_words_mean']:.1f}"
    )


def measured(pairs: Sequence[Pair], settings: Stats) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """All figures, and the rows of every table."""
    vocabulary = Vocabulary()
    responses = vocabulary.texts([pair.response for pair in pairs])
    explanations = vocabulary.texts([pair.explanation for pair in pairs])
    kinds = {"explanation": explanations, "response": responses}
    words = {kind: [len(getattr(pair, kind).split()) for pair in pairs] for kind in kinds}
    found: dict[str, Any] = {
        "pairs": len(pairs),
        "seeds": len({pair.seed_id for pair in pairs}),
        "stories": len({pair.story for pair in pairs}),
    }
    for kind, texts in kinds.items():
        found |= figures.length_figures(kind, words[kind], texts)
    diverse, templates = figures.response_diversity(pairs, responses, vocabulary, settings)
    found |= diverse
    syllables = syllable_counts(vocabulary)
    for kind, texts in kinds.items():
        found |= figures.of_texts(kind, texts, syllables, settings)
    topics = topic_map(explanations, vocabulary, settings.topics, settings.seed)
    found |= {
        "categories": coverage.category_counts(pairs),
        "severity": coverage.severity_counts(pairs),
        "models": figures.model_counts(pairs),
        "by_model": figures.by_model(pairs, words["response"], responses, vocabulary, settings),
        "paper": comparison.PAPER,
    }
    return found, {
        "lengths": [(k, *bin_) for k in kinds for bin_ in figures.binned(words[k], BIN_WORDS).items()],
        "categories": list(found["categories"].items()),
        "coverage": coverage.coverage(pairs),
        "templates": figures.ranked(templates, len(pairs)),
        "topics": [(f"topic {n}", t.texts, t.terms, t.x, t.y) for n, t in enumerate(topics, start=1)],
        "comparison": comparison.comparison(found),
    }


if __name__ == "__main__":
    run_stage(
        stats,
        {
            "corpus": "the pairs (JSONL)",
            "metrics": "all figures (JSON), written",
            "lengths": "texts per bin of words (CSV), written",
            "categories": "pairs per category (CSV), written",
            "coverage": "pairs per category and band of severity (CSV), written",
            "templates": "the commonest openings, closings, sentences and skeletons of responses (CSV), written",
            "topics": "the topic map of the explanations (CSV), written",
            "comparison": "this corpus beside others (CSV), written",
        },
        doc=__doc__,
        optional=tuple(HEADERS),
    )
