"""The responses that changed most between two versions: by each score, and over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from synthempathy.evaluation.score_table import ScoredResponse
from synthempathy.versions.texts import Texts

ROWS = 10
#: Of a score, to count as moved: less is a matter of rounding.
LEAST = 0.005


@dataclass(frozen=True)
class Score:
    """A score of a response in A and in B."""

    name: str
    first: float
    second: float

    @property
    def difference(self) -> float:
        return self.second - self.first


@dataclass(frozen=True)
class ChangedRow:
    """A response in A and B, to the same explanation or, where that changed too, under the same id."""

    pair_id: str
    first: ScoredResponse
    second: ScoredResponse
    scores: tuple[Score, ...]

    @property
    def same_explanation(self) -> bool:
        return self.first.explanation == self.second.explanation

    @property
    def change(self) -> float:
        """How far the scores went in all, whichever way."""
        return sum(abs(score.difference) for score in self.scores)

    def score(self, name: str) -> Score:
        return next(score for score in self.scores if score.name == name)


@dataclass(frozen=True)
class MostChanged:
    """The rows that changed most over all scores, and by each score; `changed` of them have another response."""

    overall: list[ChangedRow]
    by_score: dict[str, list[ChangedRow]]
    changed: int
    pairs: int

    @property
    def more(self) -> list[ChangedRow]:
        """Rows that are among the first by a score alone."""
        shown = {row.pair_id for row in self.overall}
        found = {row.pair_id: row for rows in self.by_score.values() for row in rows if row.pair_id not in shown}
        return list(found.values())


def most_changed(first: Sequence[ScoredResponse], second: Sequence[ScoredResponse], rows: int = ROWS) -> MostChanged:
    """Of one system's responses with the same id, the `rows` that changed most, by the scores without their mean."""
    others = {row.pair_id: row for row in second}
    both = [ChangedRow(a.pair_id, a, b, _scores(a, b)) for a in first if (b := others.get(a.pair_id)) is not None]
    names = [score.name for score in both[0].scores] if both else []
    moved = [
        row for row in both
        if row.first.response != row.second.response or not row.same_explanation or row.change >= LEAST
    ]
    by_score = {
        name: _first([row for row in moved if abs(row.score(name).difference) >= LEAST], rows, name) for name in names
    }
    other_text = sum(row.first.response != row.second.response for row in both)
    return MostChanged(_first(moved, rows), by_score, other_text, len(both))


def lacking(rows: Sequence[ChangedRow], texts: Texts, side: str) -> bool:
    """Whether a version's texts lack those of some row."""
    return any(texts.of(row.first if side == "first" else row.second) is None for row in rows)


def _scores(first: ScoredResponse, second: ScoredResponse) -> tuple[Score, ...]:
    values = first.scores, second.scores
    return tuple(Score(name, value, values[1][name]) for name, value in list(values[0].items())[:-1] if name in values[1])


def _first(found: list[ChangedRow], rows: int, name: str | None = None) -> list[ChangedRow]:
    def size(row: ChangedRow) -> tuple[float, float, str]:
        return (-abs(row.score(name).difference) if name else -row.change, -row.change, row.pair_id)

    return sorted(found, key=size)[:rows]
