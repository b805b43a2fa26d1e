"""Sources of labelled pairs: a CSV of one's own, or EPITOME's data in a folder (epitome.py).

A CSV has the columns explanation, response, one for each dimension of the domain's rubric (0, 1 or 2) and, where known,
<dimension>_rationale: exact spans of the response, joined by |, empty at level 0; and author, who wrote the texts (else: the
file's name), so that a scorer can be judged on authors whom it never read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from synthempathy.core.errors import InputError
from synthempathy.core.files import read_csv
from synthempathy.scorers import epitome
from synthempathy.scorers.base import Dimension
from synthempathy.scorers.labelled import Labelled, LabelledPair, Span, level_of

#: The pairs that are shipped; they were written and labelled for this project.
AUTHORED = "labelled_pairs.csv"


def read_labelled(*paths: Path, dimensions: Sequence[Dimension]) -> Labelled:
    """The pairs of all sources, in order; a pair that is in two of them is taken from the first.

    InputError names file, line, field and value of the first wrong row of a CSV; EPITOME's are taken as they are.
    """
    whole = Labelled()
    seen: set[tuple[str, str]] = set()
    for path in paths:
        part = _read(path, dimensions)
        fresh = [p for p in part.pairs if (p.explanation, p.response) not in seen]
        seen.update((p.explanation, p.response) for p in fresh)
        whole.pairs += fresh
        whole.rows += part.rows
        whole.dropped += part.dropped + Counter(in_another_source=len(part.pairs) - len(fresh))
        whole.rationales_ignored += part.rationales_ignored
        if part.pairs:
            whole.sources += part.sources
    return whole


def _read(path: Path, dimensions: Sequence[Dimension]) -> Labelled:
    if path.is_dir():
        if set(dimensions) != set(epitome.FILES):
            raise InputError(
                f"a folder is read as EPITOME's, which rates {', '.join(epitome.FILES)}", file=path,
                hint=f"the domain's rubric has {', '.join(dimensions)}: give a CSV",
            )
        return epitome.read_epitome(path)
    pairs = _read_authored(path, dimensions)
    source = f"authored: {path.as_posix()}" if path.name == AUTHORED else path.as_posix()
    return Labelled(pairs, rows=len(pairs), sources=[source])


def _read_authored(path: Path, dimensions: Sequence[Dimension]) -> list[LabelledPair]:
    pairs: list[LabelledPair] = []
    first: dict[tuple[str, str], int] = {}
    for line, row in read_csv(path, ("explanation", "response", *dimensions)):
        for name in ("explanation", "response"):
            if not row[name].strip():
                raise InputError("empty", file=path, line=line, field=name, hint="write the text, or remove the row")
        key = (row["explanation"], row["response"])
        if key in first:
            raise InputError(
                f"the same pair is on line {first[key]}", file=path, line=line, field="response", value=row["response"],
                hint="remove one: a pair in two folds would be tested on itself",
            )
        first[key] = line
        levels: dict[Dimension, int | None] = {m: level_of(row[m], path, line, m) for m in dimensions}
        rationales = {m: _exact_spans(row, levels[m] or 0, path, line, m) for m in dimensions}
        author = row.get("author", "").strip() or path.stem
        pairs.append(LabelledPair(row["explanation"], row["response"], levels, rationales, author))
    return pairs


def _exact_spans(row: dict[str, str], level: int, path: Path, line: int, mechanism: Dimension) -> tuple[Span, ...]:
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
