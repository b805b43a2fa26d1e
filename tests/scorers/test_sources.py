"""Reading labelled pairs: what is refused in a CSV, what the shipped ones are like; EPITOME's three CSVs, joined by their ids.

The rows of EPITOME's here are made up.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from synthempathy.scorers.base import LEVELS, Dimension
from synthempathy.scorers.epitome import COLUMNS as EPITOME_COLUMNS
from synthempathy.scorers.epitome import FILES as EPITOME_FILES
from synthempathy.scorers.labelled import Labelled, authors_left_out
from synthempathy.scorers.sources import read_labelled
from tests.helpers.empathy import DIMENSIONS

POST = "i cant sleep, my exam is tomorrow"
REPLY = "I'm so  sorry. That must be\nawful! When does it start?"
Row = tuple[str, str, str, str, str, str]
SHIPPED = Path(__file__).parents[2] / "data" / "empathy" / "labelled_pairs.csv"
HEADER = "explanation,response,er,ip,ex,er_rationale,ip_rationale,ex_rationale"


def folder_of(folder: Path, rows: dict[Dimension, list[Row]]) -> Path:
    folder.mkdir(exist_ok=True)
    for mechanism, name in EPITOME_FILES.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([EPITOME_COLUMNS, *rows[mechanism]])
    return folder


def row(ids: str, level: int | str, rationales: str = "", post: str = POST, reply: str = REPLY) -> Row:
    return (f"s{ids[0]}", f"r{ids}", post, reply, str(level), rationales)


def conserved(found: Labelled) -> bool:
    return found.rows == len(found.pairs) + sum(found.dropped.values())


def test_the_files_are_joined_whatever_their_order(tmp_path: Path) -> None:
    other = "same here"
    found = read_labelled(folder_of(tmp_path, {
        "er": [row("11", 1, "I'm so sorry."), row("21", 0, reply=other)],
        "ip": [row("21", 2, "same here", reply=other), row("11", 2, "That must be awful!")],
        "ex": [row("11", 2, "When does it start?"), row("21", 0, reply=other)],
    }), dimensions=DIMENSIONS)
    assert [p.levels for p in found.pairs] == [{"er": 1, "ip": 2, "ex": 2}, {"er": 0, "ip": 2, "ex": 0}]
    first, second = found.pairs
    said = {m: [first.response[a:b] for a, b in spans] for m, spans in first.rationales.items()}
    assert said == {"er": ["I'm so  sorry"], "ip": ["That must be\nawful"], "ex": ["When does it start"]}
    assert second.rationales == {"er": (), "ip": ((0, 9),), "ex": ()}
    assert conserved(found) and found.dropped == {"joined": 4} and found.rationales_ignored == 0
    assert found.report()["source"] == f"EPITOME: {tmp_path.as_posix()}"


def test_messy_rationales_are_found_by_their_words_or_ignored_and_counted(tmp_path: Path) -> None:
    found = read_labelled(folder_of(tmp_path, {
        "er": [row("11", 1, "IM SO SORRY| i'm SO sorry |")],
        "ip": [row("11", 2, "that  must be awful|must bee awful")],
        "ex": [row("11", 0, "left over")],
    }), dimensions=DIMENSIONS)
    (pair,) = found.pairs
    assert {m: len(spans) for m, spans in pair.rationales.items()} == {"er": 1, "ip": 1, "ex": 0}
    assert found.rationales_ignored == 2
    assert found.report()["rationales_ignored"] == 2


def test_pairs_that_some_file_lacks_repeated_ids_and_empty_texts(tmp_path: Path) -> None:
    found = read_labelled(folder_of(tmp_path, {
        "er": [row("11", 1), row("11", 2), row("31", 0, reply=" ")],
        "ip": [row("11", 0)],
        "ex": [row("11", 0), row("12", 2, reply="why?")],
    }), dimensions=DIMENSIONS)
    assert [p.levels for p in found.pairs] == [{"er": 1, "ip": 0, "ex": 0}, {"er": None, "ip": None, "ex": 2}]
    assert found.dropped == {"same_ids": 1, "empty": 1, "joined": 2} and conserved(found)


def test_two_sources_are_read_one_after_the_other_and_a_pair_counts_once(tmp_path: Path) -> None:
    authored = tmp_path / "labelled_pairs.csv"
    with authored.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("explanation", "response", "er", "ip", "ex"), (POST, REPLY, 0, 0, 0), ("a", "b", 0, 0, 1)])
    epitome = folder_of(tmp_path / "epitome", {
        "er": [row("11", 1), row("12", 0, reply="ok")], "ip": [row("11", 0)], "ex": [row("11", 0)],
    })
    found = read_labelled(authored, epitome, dimensions=DIMENSIONS)
    assert [p.response for p in found.pairs] == [REPLY, "b", "ok"]
    assert found.pairs[0].levels["er"] == 0
    assert found.dropped["in_another_source"] == 1 and conserved(found)
    assert found.sources == [f"authored: {authored.as_posix()}", f"EPITOME: {epitome.as_posix()}"]


@pytest.mark.parametrize(("level", "parts"), [("3", ["'level'", "'3'"]), ("", ["'level'", "''"])])
def test_a_wrong_level_is_named_by_file_and_line(tmp_path: Path, level: str, parts: list[str]) -> None:
    folder_of(tmp_path, {"er": [row("11", 0)], "ip": [row("11", level)], "ex": []})
    with pytest.raises(InputError) as caught:
        read_labelled(tmp_path, dimensions=DIMENSIONS)
    assert all(part in str(caught.value) for part in ["interpretations-reddit.csv:2:", *parts]), str(caught.value)


def test_a_folder_without_the_files_says_which_and_how_to_get_them(tmp_path: Path) -> None:
    folder_of(tmp_path, {"er": [], "ip": [], "ex": []})
    (tmp_path / EPITOME_FILES["ex"]).unlink()
    with pytest.raises(InputError, match=r"no explorations-reddit\.csv in this folder.*make epitome"):
        read_labelled(tmp_path, dimensions=DIMENSIONS)


def labelled(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "pairs.csv"
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("post,reply,3,0,0,,,", ["pairs.csv:3:", "'er'", "'3'", "0 none, 1 weak, 2 strong"]),
        ("post,reply,0,,0,,,", ["pairs.csv:3:", "'ip'", "''"]),
        ("post,  ,0,0,0,,,", ["pairs.csv:3:", "'response'", "empty"]),
        ("\"\",reply,0,0,0,,,", ["pairs.csv:3:", "'explanation'", "empty"]),
        ("post,reply,1,0,0,rely,,", ["pairs.csv:3:", "'er_rationale'", "'rely'", "not in the response"]),
        ("post,reply,0,0,0,,reply,", ["pairs.csv:3:", "'ip_rationale'", "level 0"]),
        ("first,good,0,0,0,,,", ["pairs.csv:3:", "'response'", "line 2"]),
        ("post,reply,0,0", ["pairs.csv:3:", "4 cells"]),
    ],
)
def test_a_wrong_row_is_named_by_line_field_and_value(tmp_path: Path, line: str, parts: list[str]) -> None:
    path = labelled(tmp_path, "first,good,0,0,0,,,", line)
    with pytest.raises(InputError) as caught:
        read_labelled(path, dimensions=DIMENSIONS)
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_pairs_know_their_author_or_the_file_that_they_are_from(tmp_path: Path) -> None:
    named = labelled(tmp_path, "ann,post,reply,0,0,0", ",post,other,0,0,0", header="author,explanation,response,er,ip,ex")
    assert [p.author for p in read_labelled(named, dimensions=DIMENSIONS).pairs] == ["ann", "pairs"]
    assert [p.author for p in read_labelled(labelled(tmp_path, "post,reply,0,0,0,,,"), dimensions=DIMENSIONS).pairs] == ["pairs"]


def test_a_header_without_a_mechanism_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"pairs\.csv:1: the header lacks ex"):
        read_labelled(labelled(tmp_path, "post,reply,0,0", header="explanation,response,er,ip"), dimensions=DIMENSIONS)


def test_the_shipped_pairs_hold_what_the_guide_promises() -> None:
    pairs = read_labelled(SHIPPED, dimensions=DIMENSIONS).pairs
    assert len(pairs) >= 3000
    for mechanism in DIMENSIONS:
        counts = Counter(p.levels[mechanism] for p in pairs)
        assert min(counts[level] for level in LEVELS) >= 60
        assert all(p.rationales[mechanism] for p in pairs if p.levels[mechanism])
    with SHIPPED.open(encoding="utf-8", newline="") as stream:
        assert next(csv.reader(stream)) == ["author", *HEADER.split(",")]
    authors = Counter(p.author for p in pairs)
    assert authors_left_out(pairs) == list(authors) == ["project", "forum 1", "forum 2", "forum 3"]
    assert min(authors.values()) >= 300
    lengths = sorted(len(p.response.split()) for p in pairs)
    assert lengths[0] <= 2 and lengths[-1] >= 150
