"""Sources of labelled pairs: a CSV of one's own, or EPITOME's data in a folder.

A CSV has the columns explanation, response, er, ip, ex (0, 1 or 2) and, where known, er_rationale, ip_rationale,
ex_rationale: exact spans of the response, joined by |, empty at level 0; and author, who wrote the texts (else: the file's
name), so that a scorer can be judged on authors whom it never read.

EPITOME's data (Sharma et al., EMNLP 2020) is three CSVs, one per mechanism, joined by their ids. Columns: sp_id, rp_id,
seeker_post, response_post, level, rationales (spans of the response joined by |). It is for non-commercial research and
is not shipped: `make epitome` shows the licence and fetches it.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from synthempathy.core.errors import InputError
from synthempathy.core.files import read_csv
from synthempathy.scorers.base import MECHANISMS, Mechanism
from synthempathy.scorers.labelled import Labelled, LabelledPair, Span

#: The pairs that are shipped; they were written and labelled for this project.
AUTHORED = "labelled_pairs.csv"

EPITOME_FILES: dict[Mechanism, str] = {
    "er": "emotional-reactions-reddit.csv", "ip": "interpretations-reddit.csv", "ex": "explorations-reddit.csv",
}
EPITOME_COLUMNS = ("sp_id", "rp_id", "seeker_post", "response_post", "level", "rationales")
_WORD = re.compile(r"\w+")


def read_labelled(*paths: Path) -> Labelled:
    """The pairs of all sources, in order; a pair that is in two of them is taken from the first.

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


def _read(path: Path) -> Labelled:
    if path.is_dir():
        return _read_epitome(path)
    pairs = _read_authored(path)
    source = f"authored: {path.as_posix()}" if path.name == AUTHORED else path.as_posix()
    return Labelled(pairs, rows=len(pairs), sources=[source])


def _read_authored(path: Path) -> list[LabelledPair]:
    pairs: list[LabelledPair] = []
    first: dict[tuple[str, str], int] = {}
    for line, row in read_csv(path, ("explanation", "response", *MECHANISMS)):
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
        levels: dict[Mechanism, int | None] = {m: _level(row[m], path, line, m) for m in MECHANISMS}
        rationales = {m: _exact_spans(row, levels[m] or 0, path, line, m) for m in MECHANISMS}
        author = row.get("author", "").strip() or path.stem
        pairs.append(LabelledPair(row["explanation"], row["response"], levels, rationales, author))
    return pairs


def _exact_spans(row: dict[str, str], level: int, path: Path, line: int, mechanism: Mechanism) -> tuple[Span, ...]:
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


def _read_epitome(folder: Path) -> Labelled:
    """The pairs of EPITOME's three files. A pair that some file lacks has None for that mechanism.

    Rows with an empty text, and second rows of the same ids in one file, are dropped and counted; `rows` counts the rows
    of all three files, and a pair that is in three files has joined two of them (dropped.joined). A rationale is found
    by its words alone, whatever their case, spaces and marks; one that is not found is ignored and counted.
    """
    missing = [name for name in EPITOME_FILES.values() if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"no {', '.join(missing)} in this folder", file=folder,
            hint="a folder must hold EPITOME's three CSVs (`make epitome`); other pairs are read from a CSV",
        )
    texts: dict[tuple[str, str], tuple[str, str]] = {}
    levels: dict[tuple[str, str], dict[Mechanism, int | None]] = {}
    spans: dict[tuple[str, str], dict[Mechanism, tuple[Span, ...]]] = {}
    whole = Labelled(sources=[f"EPITOME: {folder.as_posix()}"])
    for mechanism, name in EPITOME_FILES.items():
        for line, row in read_csv(folder / name, EPITOME_COLUMNS):
            whole.rows += 1
            key = (row["sp_id"], row["rp_id"])
            if not row["seeker_post"].strip() or not row["response_post"].strip():
                whole.dropped["empty"] += 1
                continue
            if mechanism in levels.get(key, {}):
                whole.dropped["same_ids"] += 1
                continue
            if key in texts:
                whole.dropped["joined"] += 1
            _, response = texts.setdefault(key, (row["seeker_post"], row["response_post"]))
            level = _level(row["level"], folder / name, line, "level")
            found, ignored = _matching_spans(row["rationales"], response) if level else ((), 0)
            whole.rationales_ignored += ignored
            levels.setdefault(key, {})[mechanism] = level
            spans.setdefault(key, {})[mechanism] = found
    for key, (post, reply) in texts.items():
        whole.pairs.append(LabelledPair(
            post, reply, {m: levels[key].get(m) for m in MECHANISMS}, {m: spans[key].get(m, ()) for m in MECHANISMS}, "EPITOME",
        ))
    return whole


def _matching_spans(rationales: str, response: str) -> tuple[tuple[Span, ...], int]:
    """The spans of `response` that the rationales name, and how many name none."""
    said = [(m.group().lower(), m.start(), m.end()) for m in _WORD.finditer(response)]
    spans: list[Span] = []
    ignored = 0
    for rationale in rationales.split("|"):
        wanted = _WORD.findall(rationale.lower())
        if not wanted:
            continue
        starts = (i for i in range(len(said) - len(wanted) + 1) if [w for w, _, _ in said[i : i + len(wanted)]] == wanted)
        start = next(starts, None)
        if start is None:
            ignored += 1
        else:
            spans.append((said[start][1], said[start + len(wanted) - 1][2]))
    return tuple(spans), ignored


def _level(text: str, path: Path, line: int, name: str) -> int:
    """The level that a cell holds. InputError if it holds none."""
    if text.strip() not in ("0", "1", "2"):
        raise InputError("not a level", file=path, line=line, field=name, value=text, hint="0 none, 1 weak, 2 strong")
    return int(text)
