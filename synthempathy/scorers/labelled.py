"""Labelled pairs: a post, a reply, the reply's level in each dimension, and the words that decide them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from synthempathy.core.errors import ConservationError, InputError
from synthempathy.scorers.base import LEVELS, Dimension
from synthempathy.scorers.reading import Sentence

Span = tuple[int, int]


@dataclass(frozen=True)
class LabelledPair:
    """One row. `levels` holds None where a mechanism is not labelled (a pair that is in some of EPITOME's files only).

    `rationales` holds, per mechanism, the spans (start, end) of the response that decide its level. `author` is who wrote
    the texts, or where they are from.
    """

    explanation: str
    response: str
    levels: dict[Dimension, int | None]
    rationales: dict[Dimension, tuple[Span, ...]]
    author: str = ""

    def sentence_levels(self, found: Sequence[Sentence], mechanism: Dimension) -> list[int | None]:
        """The level of each of the response's sentences: the pair's where a rationale covers it, else 0.

        None where it cannot be known: the pair has a level, no rationale, and more than one sentence.
        """
        level, spans = self.levels[mechanism], self.rationales[mechanism]
        if level is None or (level and not spans):
            return [level if len(found) == 1 else None for _ in found]
        return [level if any(_covers(span, sentence) for span in spans) else 0 for sentence in found]


@dataclass
class Labelled:
    """The pairs of one or more sources. Rows are conserved: rows = pairs + dropped (by reason)."""

    pairs: list[LabelledPair] = field(default_factory=list)
    rows: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    sources: list[str] = field(default_factory=list)
    rationales_ignored: int = 0  # EPITOME's that are not found in their response

    def report(self) -> dict[str, object]:
        """What metrics/scorer.json says of the data."""
        dropped = {reason: n for reason, n in sorted(self.dropped.items()) if n}
        if self.rows != len(self.pairs) + sum(dropped.values()):
            raise ConservationError(f"scorer: {self.rows} rows in, {len(self.pairs)} pairs, dropped {dropped}")
        return {
            "pairs": len(self.pairs), "source": " + ".join(self.sources), "rows_in": self.rows, "dropped": dropped,
            "rationales_ignored": self.rationales_ignored,
        }


def dimensions_of(pairs: Sequence[LabelledPair]) -> tuple[Dimension, ...]:
    """The dimensions that the pairs are labelled by, in order."""
    return tuple(pairs[0].levels) if pairs else ()


def check_enough(pairs: Sequence[LabelledPair], folds: int, path: Path) -> None:
    """Raise InputError unless every level of every mechanism appears under at least `folds` explanations."""
    if not pairs:
        raise InputError("no labelled pair", file=path, hint=f"each level must appear under at least {folds} explanations")
    for mechanism in dimensions_of(pairs):
        for level in LEVELS:
            under = len({p.explanation for p in pairs if p.levels[mechanism] == level})
            if under < folds:
                raise InputError(
                    f"level {level} appears under {under} explanations, {folds} folds need at least {folds}",
                    file=path, field=mechanism, hint="add labelled pairs, or lower scorer.folds",
                )


def authors_left_out(pairs: Sequence[LabelledPair]) -> list[str]:
    """The authors, in order of appearance, without whom every level of every mechanism still has a pair to learn from."""
    has: dict[str, set[tuple[Dimension, int | None]]] = {}
    for pair in pairs:
        has.setdefault(pair.author, set()).update(pair.levels.items())
    wanted = {(m, level) for m in dimensions_of(pairs) for level in LEVELS}
    return [
        author for author in has
        if wanted <= set().union(*(levels for other, levels in has.items() if other != author))
    ]


def require_levels(levels: Iterable[int | None], mechanism: Dimension) -> None:
    """Raise InputError unless every level is among `levels`, those of the pairs that `mechanism` is learned from."""
    missing = set(LEVELS) - set(levels)
    if missing:
        raise InputError(
            f"no pair to learn level {min(missing)} of {mechanism} from",
            hint="add labelled pairs with that level, under more posts than there are folds",
        )


def _covers(span: Span, sentence: Sentence) -> bool:
    """Whether at least half of the shorter of the two lies in the other."""
    common = min(span[1], sentence.end) - max(span[0], sentence.start)
    return common > 0.5 * min(sentence.end - sentence.start, span[1] - span[0])


def level_of(text: str, path: Path, line: int, name: str) -> int:
    """The level that a cell holds. InputError if it holds none."""
    if text.strip() not in ("0", "1", "2"):
        raise InputError("not a level", file=path, line=line, field=name, value=text, hint="0 none, 1 weak, 2 strong")
    return int(text)
