"""Labelled pairs: a post, a reply, the reply's three levels, and the words that decide them.

Two sorts of source are read. A CSV has the columns explanation, response, er, ip, ex (0, 1 or 2) and, where known,
er_rationale, ip_rationale, ex_rationale: exact spans of the response, joined by |, empty at level 0. A folder holds
EPITOME's three CSVs (synthempathy.scorers.epitome).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from synthempathy.core.errors import ConservationError, InputError
from synthempathy.core.files import read_csv
from synthempathy.scorers.mechanisms import LEVELS, MECHANISMS, Mechanism
from synthempathy.scorers.reading import Sentence

#: The pairs that are shipped; they were written and labelled for this project.
AUTHORED = "labelled_pairs.csv"

Span = tuple[int, int]


@dataclass(frozen=True)
class LabelledPair:
    """One row. `levels` holds None where a mechanism is not labelled (a pair that stands in some of EPITOME's files only).

    `rationales` holds, a mechanism, the spans (start, end) of the response that decide its level.
    """

    explanation: str
    response: str
    levels: dict[Mechanism, int | None]
    rationales: dict[Mechanism, tuple[Span, ...]]

    def sentence_levels(self, found: Sequence[Sentence], mechanism: Mechanism) -> list[int | None]:
        """The level of each of the response's sentences: the pair's where a rationale covers it, else 0.

        None where it cannot be known: the pair has a level, no rationale, and more than one sentence.
        """
        level, spans = self.levels[mechanism], self.rationales[mechanism]
        if level is None or (level and not spans):
            return [level if len(found) == 1 else None for _ in found]
        return [level if any(_covers(span, sentence) for span in spans) else 0 for sentence in found]


@dataclass
class Labelled:
    """The pairs of one or more sources. Rows are conserved: rows = pairs + dropped (a reason each)."""

    pairs: list[LabelledPair] = field(default_factory=list)
    rows: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    sources: list[str] = field(default_factory=list)
    rationales_ignored: int = 0  # EPITOME's that stand nowhere in their response

    def report(self) -> dict[str, object]:
        """What metrics/scorer.json says of the data."""
        dropped = {reason: n for reason, n in sorted(self.dropped.items()) if n}
        if self.rows != len(self.pairs) + sum(dropped.values()):
            raise ConservationError(f"scorer: {self.rows} rows in, {len(self.pairs)} pairs, dropped {dropped}")
        return {
            "pairs": len(self.pairs), "source": " + ".join(self.sources), "rows_in": self.rows, "dropped": dropped,
            "rationales_ignored": self.rationales_ignored,
        }


def read_labelled(*paths: Path) -> Labelled:
    """The pairs of all sources, in order; a pair that stands in two of them is taken from the first.

    InputError names file, line, field and value of the first wrong row of a CSV; EPITOME's are taken as they are.
    """
    whole = Labelled()
    seen: set[tuple[str, str]] = set()
    for path in paths:
        part = _read(path)
        fresh = [p for p in part.pairs if (p.explanation, p.response) not in seen]
        seen.update((p.explanation, p.response) for p in fresh)
        whole.pairs += fresh
        whole.rows += part.rows
        whole.dropped += part.dropped + Counter(in_another_source=len(part.pairs) - len(fresh))
        whole.rationales_ignored += part.rationales_ignored
        if part.pairs:
            whole.sources += part.sources
    return whole


def check_enough(pairs: Sequence[LabelledPair], folds: int, path: Path) -> None:
    """Raise InputError unless every level of every mechanism stands under at least `folds` explanations."""
    for mechanism in MECHANISMS:
        for level in LEVELS:
            under = len({p.explanation for p in pairs if p.levels[mechanism] == level})
            if under < folds:
                raise InputError(
                    f"level {level} appears under {under} explanations, {folds} folds need at least {folds}",
                    file=path, field=mechanism, hint="add labelled pairs, or lower scorer.folds",
                )


def _read(path: Path) -> Labelled:
    if path.is_dir():
        from synthempathy.scorers.epitome import read_epitome

        return read_epitome(path)
    pairs = _read_authored(path)
    source = f"authored: {path.as_posix()}" if path.name == AUTHORED else path.as_posix()
    return Labelled(pairs, rows=len(pairs), sources=[source])


def _read_authored(path: Path) -> list[LabelledPair]:
    pairs: list[LabelledPair] = []
    first: dict[tuple[str, str], int] = {}
    for line, row in read_csv(path, ("explanation", "response", *MECHANISMS)):
        for name in ("explanation", "response"):
            if not row[name].strip():
                raise InputError("empty", file=path, line=line, field=name, hint="write the text, or take the row out")
        key = (row["explanation"], row["response"])
        if key in first:
            raise InputError(
                f"the same pair stands on line {first[key]}", file=path, line=line, field="response", value=row["response"],
                hint="take one out: a pair in two folds would be tested on itself",
            )
        first[key] = line
        levels: dict[Mechanism, int | None] = {m: level_of(row[m], path, line, m) for m in MECHANISMS}
        rationales = {m: _spans(row, levels[m] or 0, path, line, m) for m in MECHANISMS}
        pairs.append(LabelledPair(row["explanation"], row["response"], levels, rationales))
    return pairs


def level_of(text: str, path: Path, line: int, name: str) -> int:
    """The level that a cell holds. InputError if it holds none."""
    if text.strip() not in ("0", "1", "2"):
        raise InputError("not a level", file=path, line=line, field=name, value=text, hint="0 none, 1 weak, 2 strong")
    return int(text)


def _spans(row: dict[str, str], level: int, path: Path, line: int, mechanism: Mechanism) -> tuple[Span, ...]:
    name = f"{mechanism}_rationale"
    spans: list[Span] = []
    for rationale in filter(None, row.get(name, "").split("|")):
        start = row["response"].find(rationale)
        if level == 0:
            raise InputError("a rationale at level 0", file=path, line=line, field=name, value=rationale, hint="empty it")
        if start < 0:
            raise InputError(
                "not in the response", file=path, line=line, field=name, value=rationale, hint="copy the exact words",
            )
        spans.append((start, start + len(rationale)))
    return tuple(spans)


def _covers(span: Span, sentence: Sentence) -> bool:
    """Whether at least half of the shorter of the two lies in the other."""
    common = min(span[1], sentence.end) - max(span[0], sentence.start)
    return common > 0.5 * min(sentence.end - sentence.start, span[1] - span[0])
