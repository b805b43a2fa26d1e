"""Labelled pairs: a post, a reply, the reply's three levels, and the words that decide them.

The columns are explanation, response, er, ip, ex (0, 1 or 2) and, where known, er_rationale,
ip_rationale, ex_rationale: exact spans of the response, joined by |, empty at level 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.common.errors import InputError
from stages.common.files import read_csv
from stages.evaluation.mechanisms import LEVELS, MECHANISMS, Mechanism
from stages.evaluation.text import Sentence

#: The pairs that are shipped; they were written and labelled for this project.
AUTHORED = "labelled_pairs.csv"


@dataclass(frozen=True)
class LabelledPair:
    """One row. `rationales` holds, a mechanism, the spans (start, end) of the response that decide its level."""

    explanation: str
    response: str
    levels: dict[Mechanism, int]
    rationales: dict[Mechanism, tuple[tuple[int, int], ...]]

    def sentence_levels(self, found: Sequence[Sentence], mechanism: Mechanism) -> list[int | None]:
        """The level of each of the response's sentences: the pair's where a rationale covers it, else 0.

        None where it cannot be known: the pair has a level, no rationale, and more than one sentence.
        """
        level, spans = self.levels[mechanism], self.rationales[mechanism]
        if level and not spans:
            return [level if len(found) == 1 else None for _ in found]
        return [level if any(_covers(span, sentence) for span in spans) else 0 for sentence in found]


def read_labelled(path: Path) -> list[LabelledPair]:
    """All labelled pairs of a CSV. InputError names file, line, field and value of the first wrong one."""
    pairs: list[LabelledPair] = []
    first: dict[tuple[str, str], int] = {}
    for line, row in read_csv(path, ("explanation", "response", *MECHANISMS)):
        for field in ("explanation", "response"):
            if not row[field].strip():
                raise InputError("empty", file=path, line=line, field=field, way_out="write the text, or take the row out")
        key = (row["explanation"], row["response"])
        if key in first:
            raise InputError(
                f"the same pair stands on line {first[key]}", file=path, line=line, field="response", value=row["response"],
                way_out="take one out: a pair in two folds would be tested on itself",
            )
        first[key] = line
        levels = {m: _level(row[m], path, line, m) for m in MECHANISMS}
        rationales = {m: _spans(row, levels[m], path, line, m) for m in MECHANISMS}
        pairs.append(LabelledPair(row["explanation"], row["response"], levels, rationales))
    return pairs


def check_enough(pairs: Sequence[LabelledPair], folds: int, path: Path) -> None:
    """Raise InputError unless every level of every mechanism stands under at least `folds` explanations."""
    for mechanism in MECHANISMS:
        for level in LEVELS:
            under = len({p.explanation for p in pairs if p.levels[mechanism] == level})
            if under < folds:
                raise InputError(
                    f"level {level} appears under {under} explanations, {folds} folds need at least {folds}",
                    file=path, field=mechanism, way_out="add labelled pairs, or lower scorer.folds",
                )


def _level(text: str, path: Path, line: int, field: str) -> int:
    if text.strip() not in ("0", "1", "2"):
        raise InputError("not a level", file=path, line=line, field=field, value=text, way_out="0 none, 1 weak, 2 strong")
    return int(text)


def _spans(row: dict[str, str], level: int, path: Path, line: int, mechanism: Mechanism) -> tuple[tuple[int, int], ...]:
    field = f"{mechanism}_rationale"
    spans: list[tuple[int, int]] = []
    for rationale in filter(None, row.get(field, "").split("|")):
        start = row["response"].find(rationale)
        if level == 0:
            raise InputError("a rationale at level 0", file=path, line=line, field=field, value=rationale, way_out="empty it")
        if start < 0:
            raise InputError(
                "not in the response", file=path, line=line, field=field, value=rationale, way_out="copy the exact words",
            )
        spans.append((start, start + len(rationale)))
    return tuple(spans)


def _covers(span: tuple[int, int], sentence: Sentence) -> bool:
    """Whether at least half of the shorter of the two lies in the other."""
    common = min(span[1], sentence.end) - max(span[0], sentence.start)
    return common > 0.5 * min(sentence.end - sentence.start, span[1] - span[0])
