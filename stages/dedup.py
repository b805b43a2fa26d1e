"""dedup: drop repeated stories, or trim what they repeat; keep the first.

    python -m stages.dedup data/stories.jsonl data/unique_stories.jsonl data/duplicate_stories.jsonl \\
        metrics/dedup.json

Four methods in turn, each over the stories that the one before it left: exact (the same words),
substring (a long passage of an earlier story), near (mostly the same words in the same places) and,
if switched on, semantic (the same meaning). A method drops a story only because of one that it
keeps; a later method may still drop that one. With dedup.substring.action: trim, a story loses the
passage and goes on; it is also written to the duplicates, whole, with the reason `trimmed`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from synthempathy.core.command import run_stage
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.ledger import Ledger
from synthempathy.core.params import read_params
from synthempathy.core.progress import say
from synthempathy.core.records import Story, dump_records, read_records
from synthempathy.dedup.exact import Duplicate
from synthempathy.dedup.params import Dedup
from synthempathy.dedup.trim import Trim
from synthempathy.llm.params import Machine


def dedup(stories: Path, unique: Path, duplicates: Path, metrics: Path, *, params: Path) -> None:
    """Write the stories kept, and those dropped or trimmed with `reason`, `detail` (the partner's id) and evidence."""
    from synthempathy.dedup.repeats import REASONS, find_repeats
    from synthempathy.dedup.semantic import check_model

    file = read_params(params)
    settings, machine = file.section("dedup", Dedup), file.section("machine", Machine)
    check_model(settings.semantic)
    rows = read_records(stories, Story)
    repeats = find_repeats([row.story for row in rows], settings, machine.device)

    ledger = Ledger("dedup", len(rows), REASONS)
    kept: list[dict[str, Any]] = []
    repeated: list[dict[str, Any]] = []
    trimmed = 0
    for index, (row, text) in enumerate(zip(rows, repeats.texts, strict=True)):
        trims = repeats.trims.get(index, [])
        if index in repeats.dropped:
            reason, duplicate = repeats.dropped[index]
            ledger.drop(reason)
            repeated.append(_duplicate_row(row, reason, duplicate, trims, rows))
        else:
            kept.append(row.extended(story=text))
            if trims:
                trimmed += 1
                longest = max(trims, key=lambda trim: trim.length)
                repeated.append(_duplicate_row(row, "trimmed", Duplicate(index, longest.partner), trims, rows))
    with written_whole(unique, duplicates, metrics) as (unique_part, duplicates_part, metrics_part):
        dump_records(unique_part, kept)
        dump_records(duplicates_part, repeated)
        write_json(metrics_part, {**ledger.close(rows_out=len(kept)), "trimmed": trimmed})
    say(f"dedup: {len(rows)} stories in, {len(kept)} kept ({trimmed} trimmed), {len(rows) - len(kept)} dropped")


def _duplicate_row(
    row: Story, reason: str, duplicate: Duplicate, trims: list[Trim], rows: list[Story]
) -> dict[str, Any]:
    """A row of the duplicates: the story as it was read, the reason, and everything cut from it."""
    cut = [
        {"partner": rows[t.partner].id, "span": t.span, "characters": t.characters, "length": t.length} for t in trims
    ]
    dropped = row.dropped(reason, rows[duplicate.partner].id)
    return {**dropped, **duplicate.evidence, **({"trims": cut} if cut else {})}


if __name__ == "__main__":
    run_stage(
        dedup,
        {
            "stories": "stories to clean (JSONL)",
            "unique": "stories kept (JSONL)",
            "duplicates": "stories dropped or trimmed, each with reason, partner and evidence (JSONL)",
            "metrics": "rows in, out, dropped by reason, and how many of those out are trimmed (JSON)",
        },
        doc=__doc__,
    )
