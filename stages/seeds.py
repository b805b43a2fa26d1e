"""seeds: sentences that stories can grow from, drawn evenly over the domain's categories.

    python -m stages.seeds data/seeds/stressors.csv data/seeds.jsonl metrics/seeds.json

The source is a CSV in the domain's columns, or SAD's own zip. The seeds stand in the order of the categories,
inside a category by rising number; the order of the source's rows does not matter.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from synthempathy.core.command import run_stage
from synthempathy.core.errors import InputError
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.ledger import Ledger
from synthempathy.core.params import read_params
from synthempathy.core.progress import say
from synthempathy.core.records import dump_records
from synthempathy.domain.description import read_domain
from synthempathy.seeds.drawing import REASONS, draw_evenly, left_out, seed_of, usable_sentences
from synthempathy.seeds.params import Seeds
from synthempathy.seeds.sources import read_sentences


def seeds(source: Path, output: Path, metrics: Path, *, params: Path) -> None:
    """Read `source`, leave out what no story can grow from, draw `seeds.limit`, write seeds and metrics."""
    settings = read_params(params).section("seeds", Seeds)
    own = read_domain(params).seeds
    sentences = read_sentences(source, own.columns)
    ledger = Ledger("seeds", rows_in=len(sentences), reasons=REASONS)
    usable = usable_sentences(sentences, own.categories, ledger)
    if not usable:
        raise InputError("no usable row", file=source, hint=left_out(ledger))

    drawn = draw_evenly(usable, own.categories, settings.limit, settings.seed)
    ledger.drop("over_limit", len(usable) - len(drawn))

    counts = Counter(sentence.category for sentence in drawn)
    figures = ledger.close(rows_out=len(drawn)) | {"categories": {c: counts[c] for c in own.categories}}
    with written_whole(output, metrics) as (seeds_part, metrics_part):
        dump_records(seeds_part, (seed_of(sentence) for sentence in drawn))
        write_json(metrics_part, figures)
    say(f"seeds: {len(sentences)} sentences in, {len(drawn)} seeds out of {len(usable)} usable")


if __name__ == "__main__":
    run_stage(
        seeds,
        {
            "source": "sentences: a CSV in the domain's columns, or SAD_v1.zip",
            "seeds": "the seeds (JSONL), written",
            "metrics": "rows in, out and left out by reason (JSON), written",
        },
        doc=__doc__,
        optional=("metrics",),
    )
