"""dedup: drop repeated stories; keep the first.

    python -m stages.curation.dedup data/stories.jsonl data/unique_stories.jsonl data/duplicate_stories.jsonl \\
        metrics/dedup.json

Three methods in turn, each over the stories that the one before it left: exact (the same words),
substring (a long passage of an earlier story), near (mostly the same words in the same places). A
method drops a story only because of one that it keeps; a later method may still drop that one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from stages.common.command import run_stage
from stages.common.files import write_json, written_whole
from stages.common.ledger import Ledger
from stages.common.params import load_params
from stages.common.progress import say
from stages.common.records import Story, dump_records, read_records
from stages.common.sections import Dedup
from stages.curation.words import Duplicate, Words, words_of

REASONS = ("exact", "substring", "near")


def dedup(stories: Path, unique: Path, duplicates: Path, metrics: Path, *, params: Path) -> None:
    """Write the stories kept, and those dropped with `reason`, `detail` (the partner's id) and evidence."""
    settings = load_params(params).dedup
    rows = read_records(stories, Story)
    found = find_duplicates([row.story for row in rows], settings)

    ledger = Ledger("dedup", len(rows), REASONS)
    kept, dropped = [], []
    for index, row in enumerate(rows):
        if index in found:
            reason, duplicate = found[index]
            ledger.drop(reason)
            dropped.append({**row.dropped(reason, rows[duplicate.partner].id), **duplicate.evidence})
        else:
            kept.append(row)
    with written_whole(unique, duplicates, metrics) as (unique_part, duplicates_part, metrics_part):
        dump_records(unique_part, kept)
        dump_records(duplicates_part, dropped)
        write_json(metrics_part, ledger.close(rows_out=len(kept)))
    say(f"dedup: {len(rows)} stories in, {len(kept)} kept, {len(dropped)} dropped")


def find_duplicates(texts: list[str], settings: Dedup) -> dict[int, tuple[str, Duplicate]]:
    """For each text to drop: the method that found it, and the duplicate; both indexes are those of `texts`."""
    words = words_of(texts)
    found: dict[int, tuple[str, Duplicate]] = {}
    for reason, search in _methods(settings):
        left = [index for index in range(len(texts)) if index not in found]
        repeats = search(words.take(left))
        for repeat in repeats:
            index = left[repeat.index]
            found[index] = reason, Duplicate(index, left[repeat.partner], repeat.evidence)
        say(f"dedup: {reason}: {len(repeats)} of {len(left)} stories repeat an earlier one")
    return found


def _methods(settings: Dedup) -> Iterator[tuple[str, Callable[[Words], list[Duplicate]]]]:
    """The methods that are switched on, in their order."""
    from stages.curation.exact import exact_duplicates
    from stages.curation.near import near_duplicates
    from stages.curation.substring import repeated_substrings

    near, substring = settings.near, settings.substring
    if settings.exact:
        yield "exact", exact_duplicates
    if substring.enabled:
        yield "substring", lambda texts: repeated_substrings(texts, substring.min_words)
    if near.enabled:
        yield "near", lambda texts: near_duplicates(
            texts, threshold=near.threshold, permutations=near.permutations,
            shingle_words=near.shingle_words, seed=near.seed,
        )


if __name__ == "__main__":
    run_stage(
        dedup,
        {
            "stories": "stories to clean (JSONL)",
            "unique": "stories kept (JSONL)",
            "duplicates": "stories dropped, each with reason, partner and evidence (JSONL)",
            "metrics": "rows in, out, dropped by reason (JSON)",
        },
        doc=__doc__,
    )
