"""stats: the corpus in numbers, beside the paper's and other corpora, and the tables behind the pictures.

    python -m stages.stats data/corpus.jsonl metrics/corpus.json metrics/lengths.csv \\
        metrics/categories.csv metrics/coverage.csv metrics/templates.csv metrics/topics.csv metrics/comparison.csv

Figures of diversity are of the responses; `vocabulary` counts the different words of explanations and responses
together. What a word and a sentence are stands in `text/numbered`; what each figure is, in the module that it comes from.
"""

from __future__ import annotations

from pathlib import Path

from synthempathy.core.command import run_stage
from synthempathy.core.files import dump_table, write_json, written_whole
from synthempathy.core.params import read_params
from synthempathy.core.progress import say
from synthempathy.core.records import Pair, read_records
from synthempathy.domain.description import read_domain
from synthempathy.statistics.figures import HEADERS, measure
from synthempathy.statistics.params import Stats


def stats(corpus: Path, metrics: Path, *tables: Path, params: Path) -> None:
    """Measure `corpus`; write the metrics (JSON) and the tables (CSV), in the order of HEADERS."""
    settings = read_params(params).section("stats", Stats)
    pairs = read_records(corpus, Pair)
    found, rows = measure(pairs, settings, read_domain(params))
    with written_whole(metrics, *tables) as (metrics_part, *table_parts):
        write_json(metrics_part, found)
        for (name, header), part in zip(HEADERS.items(), table_parts, strict=True):
            dump_table(part, header, rows[name], decimals=None)
    say(
        f"stats: {len(pairs)} pairs; explanations of {found['explanation_words_mean']:.1f} words, "
        f"responses of {found['response_words_mean']:.1f}"
    )


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
