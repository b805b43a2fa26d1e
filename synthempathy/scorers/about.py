"""What a saved scorer says of itself: which one it is, what it learned from, what it is worth unseen, its known limits."""

from __future__ import annotations

from typing import Any

from synthempathy.domain.wording import language_name
from synthempathy.scorers.labelled import Labelled, dimensions_of
from synthempathy.scorers.params import Scorer

#: Of every scorer.
LIMITS = (
    "It rates what a reply says, not what it does to its reader.",
    "Figures by cross-validation flatter: the other folds hold the same authors' words. On text of other people expect at most "
    "those of leave_one_author_out.",
)
#: Of one kind.
LIMITS_OF = {
    "linear": ("It reads words and sentences: irony, and sorrow or warmth in words that it never met, escape it.",),
    "embeddings": ("It knows the meaning of a text as far as its encoder does, and reads no further than the encoder can.",),
    "biencoder": ("It reads the first tokens of a text alone (settings.max_length).",),
    "judge": ("Its answers depend on the model and its version. It learned from no pair: the labels only measured it.",),
}
_DECIMALS = 4


def about(settings: Scorer, learned: Labelled, figures: dict[str, Any], language: str) -> dict[str, Any]:
    """For the scorer's file. `figures` are those of metrics/scorer.json; `language` is the code of the domain's."""
    left_out = figures.get("leave_one_author_out")
    dimensions, authors = dimensions_of(learned.pairs), dict[str, int]()
    for pair in learned.pairs:
        authors[pair.author] = authors.get(pair.author, 0) + 1
    return {
        "scorer": settings.kind,
        "pairs": len(learned.pairs), "sources": learned.sources, "authors": authors,
        "macro_f1": {
            "cross_validated": {m: round(figures[m]["macro_f1"], _DECIMALS) for m in dimensions},
            "leave_one_author_out": {m: round(left_out[m]["macro_f1"], _DECIMALS) for m in dimensions} if left_out else None,
        },
        "limits": [*LIMITS, f"It reads {language_name(language)}.", *LIMITS_OF[settings.kind]],
    }
