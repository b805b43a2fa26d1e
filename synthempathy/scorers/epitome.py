"""EPITOME's data (Sharma et al., EMNLP 2020) as labelled pairs: three CSVs in a folder, one per mechanism, joined by their ids.

Columns: sp_id, rp_id, seeker_post, response_post, level, rationales (spans of the response joined by |). It is for
non-commercial research and is not shipped: `make epitome` shows the licence and fetches it.
"""

from __future__ import annotations

import re
from pathlib import Path

from synthempathy.core.errors import InputError
from synthempathy.core.files import read_csv
from synthempathy.scorers.base import Dimension
from synthempathy.scorers.labelled import Labelled, LabelledPair, Span, level_of

FILES: dict[Dimension, str] = {
    "er": "emotional-reactions-reddit.csv", "ip": "interpretations-reddit.csv", "ex": "explorations-reddit.csv",
}
COLUMNS = ("sp_id", "rp_id", "seeker_post", "response_post", "level", "rationales")
_WORD = re.compile(r"\w+")


def read_epitome(folder: Path) -> Labelled:
    """The pairs of EPITOME's three files. A pair that some file lacks has None for that mechanism.

    Rows with an empty text, and second rows of the same ids in one file, are dropped and counted; `rows` counts the rows
    of all three files, and a pair that is in three files has joined two of them (dropped.joined). A rationale is found
    by its words alone, whatever their case, spaces and marks; one that is not found is ignored and counted.
    """
    missing = [name for name in FILES.values() if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"no {', '.join(missing)} in this folder", file=folder,
            hint="a folder must hold EPITOME's three CSVs (`make epitome`); other pairs are read from a CSV",
        )
    texts: dict[tuple[str, str], tuple[str, str]] = {}
    levels: dict[tuple[str, str], dict[Dimension, int | None]] = {}
    spans: dict[tuple[str, str], dict[Dimension, tuple[Span, ...]]] = {}
    whole = Labelled(sources=[f"EPITOME: {folder.as_posix()}"])
    for mechanism, name in FILES.items():
        for line, row in read_csv(folder / name, COLUMNS):
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
            level = level_of(row["level"], folder / name, line, "level")
            found, ignored = _matching_spans(row["rationales"], response) if level else ((), 0)
            whole.rationales_ignored += ignored
            levels.setdefault(key, {})[mechanism] = level
            spans.setdefault(key, {})[mechanism] = found
    for key, (post, reply) in texts.items():
        whole.pairs.append(LabelledPair(
            post, reply, {m: levels[key].get(m) for m in FILES}, {m: spans[key].get(m, ()) for m in FILES}, "EPITOME",
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
