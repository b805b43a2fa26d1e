"""seeds: stress sentences that stories can grow from, drawn evenly over SAD's nine categories.

    python -m stages.seeds data/seeds/stressors.csv data/seeds.jsonl metrics/seeds.json

The source is a CSV in SAD's columns, or SAD's own zip. The seeds stand in the order of CATEGORIES,
inside a category by rising sID; the order of the source's rows does not matter.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

from synthempathy.core.command import run_stage
from synthempathy.core.errors import InputError
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.ledger import Ledger
from synthempathy.core.params import read_params
from synthempathy.core.progress import say
from synthempathy.core.records import CATEGORIES, Seed, dump_records
from synthempathy.seeds.params import Seeds
from synthempathy.seeds.sources import Sentence, read_sentences

#: Why a sentence becomes no seed; the first that holds is counted.
REASONS = (
    "not_a_stressor", "empty_or_unusable", "severity_zero", "unknown_category", "duplicate_sentence", "over_limit",
)

MIN_WORDS = 3


def seeds(source: Path, output: Path, metrics: Path, *, params: Path) -> None:
    """Read `source`, leave out what no story can grow from, draw `seeds.limit`, write seeds and metrics."""
    settings = read_params(params).section("seeds", Seeds)
    sentences = read_sentences(source)
    ledger = Ledger("seeds", rows_in=len(sentences), reasons=REASONS)
    usable = _usable(sentences, ledger)
    if not usable:
        raise InputError("no usable row", file=source, hint=_left_out(ledger))

    drawn = drawn_evenly(usable, settings.limit, settings.seed)
    ledger.drop("over_limit", len(usable) - len(drawn))

    counts = Counter(sentence.category for sentence in drawn)
    figures = ledger.close(rows_out=len(drawn)) | {"categories": {c: counts[c] for c in CATEGORIES}}
    with written_whole(output, metrics) as (seeds_part, metrics_part):
        dump_records(seeds_part, (_seed(sentence) for sentence in drawn))
        write_json(metrics_part, figures)
    say(f"seeds: {len(sentences)} sentences in, {len(drawn)} seeds out of {len(usable)} usable")


def why_unusable(sentence: Sentence) -> str | None:
    """The reason that speaks against the sentence alone, or None."""
    if not sentence.is_stressor:
        return "not_a_stressor"
    if sum(any(c.isalpha() for c in word) for word in sentence.text.split()) < MIN_WORDS:
        return "empty_or_unusable"
    if sentence.severity == 0:
        return "severity_zero"
    if sentence.category not in CATEGORIES:
        return "unknown_category"
    return None


def drawn_evenly(sentences: Sequence[Sentence], limit: int | None, seed: int) -> list[Sentence]:
    """At most `limit` sentences (None: all), as many of each category as there are, in category order.

    Categories take turns in the order of CATEGORIES; one that has no more is passed over, so the others
    fill up. Inside a category a hash of seed and id decides, not the place in the list: a higher
    limit adds seeds and takes none away, and a new sentence moves at most one other out.
    """
    queues = [
        sorted((s for s in sentences if s.category == c), key=lambda s: _rank(s.id, seed)) for c in CATEGORIES
    ]
    in_turns = [sentence for turn in zip_longest(*queues) for sentence in turn if sentence]
    return sorted(in_turns[:limit], key=lambda s: (CATEGORIES.index(s.category), s.number))


def _usable(sentences: Sequence[Sentence], ledger: Ledger) -> list[Sentence]:
    kept: dict[str, Sentence] = {}
    for sentence in sentences:
        text = sentence.text.casefold()
        reason = why_unusable(sentence) or ("duplicate_sentence" if text in kept else None)
        if reason:
            ledger.drop(reason)
        else:
            kept[text] = sentence
    return list(kept.values())


def _rank(sentence_id: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:{sentence_id}".encode()).digest()


def _left_out(ledger: Ledger) -> str:
    dropped = ledger.close(rows_out=0)["dropped"]
    assert isinstance(dropped, dict)
    found = ", ".join(f"{rows} {reason}" for reason, rows in dropped.items() if rows)
    return f"left out: {found}" if found else "it has a header and nothing else"


def _seed(sentence: Sentence) -> Seed:
    return Seed(
        id=sentence.id, sentence=sentence.text, category=sentence.category, severity=sentence.severity,
        source=sentence.source,
    )


if __name__ == "__main__":
    run_stage(
        seeds,
        {
            "source": "stress sentences: a CSV in SAD's columns, or SAD_v1.zip",
            "seeds": "the seeds (JSONL), written",
            "metrics": "rows in, out and left out by reason (JSON), written",
        },
        doc=__doc__,
        optional=("metrics",),
    )
