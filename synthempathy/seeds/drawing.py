"""Which sentences become seeds: what no story can grow from is left out, and the rest drawn evenly over the categories."""

from __future__ import annotations

from collections.abc import Sequence

from synthempathy.core.draw import in_turns, rank
from synthempathy.core.ledger import Ledger
from synthempathy.core.records import Seed
from synthempathy.seeds.sources import Sentence

#: Why a sentence becomes no seed; the first that holds is counted.
REASONS = (
    "not_wanted", "empty_or_unusable", "severity_zero", "unknown_category", "duplicate_sentence", "over_limit",
)

MIN_WORDS = 3


def why_unusable(sentence: Sentence, categories: Sequence[str]) -> str | None:
    """The reason that speaks against the sentence alone, or None."""
    if not sentence.is_wanted:
        return "not_wanted"
    if sum(any(c.isalpha() for c in word) for word in sentence.text.split()) < MIN_WORDS:
        return "empty_or_unusable"
    if sentence.severity == 0:
        return "severity_zero"
    if sentence.category not in categories:
        return "unknown_category"
    return None


def draw_evenly(sentences: Sequence[Sentence], categories: Sequence[str], limit: int | None, seed: int) -> list[Sentence]:
    """At most `limit` sentences (None: all), as many of each category as there are, in category order.

    Categories take turns in the order of `categories`; one that has no more is passed over, so the others
    fill up. Inside a category a hash of seed and id decides, not the place in the list: a higher
    limit adds seeds and takes none away, and a new sentence moves at most one other out.
    """
    queues = [
        sorted((s for s in sentences if s.category == c), key=lambda s: rank(s.id, seed)) for c in categories
    ]
    return sorted(list(in_turns(queues))[:limit], key=lambda s: (categories.index(s.category), s.number))


def usable_sentences(sentences: Sequence[Sentence], categories: Sequence[str], ledger: Ledger) -> list[Sentence]:
    kept: dict[str, Sentence] = {}
    for sentence in sentences:
        text = sentence.text.casefold()
        reason = why_unusable(sentence, categories) or ("duplicate_sentence" if text in kept else None)
        if reason:
            ledger.drop(reason)
        else:
            kept[text] = sentence
    return list(kept.values())


def left_out(ledger: Ledger) -> str:
    dropped = ledger.close(rows_out=0)["dropped"]
    assert isinstance(dropped, dict)
    found = ", ".join(f"{rows} {reason}" for reason, rows in dropped.items() if rows)
    return f"left out: {found}" if found else "it has a header and nothing else"


def seed_of(sentence: Sentence) -> Seed:
    return Seed(
        id=sentence.id, sentence=sentence.text, category=sentence.category, severity=sentence.severity,
        source=sentence.source,
    )
