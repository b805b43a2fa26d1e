"""Decisions: the file is read strictly, and written without losing what stood there."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from synthempathy.filters.decisions import COLUMNS, Decision, content_hash, read_decisions, record_decision
from tests.helpers.pairs import ROOT, pair_of

HEADER = ",".join(COLUMNS) + "\n"


def test_what_was_decided_meanwhile_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text(f"{HEADER}a,{'1' * 16},keep,,\n", encoding="utf-8")
    record_decision(path, ("b", "2" * 16), Decision("drop"))
    before = read_decisions(path)
    record_decision(path, ("c", "3" * 16), Decision("keep"))
    record_decision(path, ("b", "2" * 16), Decision("keep", "r", "n"))
    assert len(before) == 2
    assert list(read_decisions(path)) == [("a", "1" * 16), ("b", "2" * 16), ("c", "3" * 16)]


def test_no_cell_starts_a_formula_and_the_pair_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    for id in ("=1+1", "'=x", "-a", "it's"):
        record_decision(path, (id, "1" * 16), Decision("drop", "@r", "+n"))
    assert {id for id, _ in read_decisions(path)} == {"=1+1", "'=x", "-a", "it's"}
    assert {(one.reason, one.note) for one in read_decisions(path).values()} == {("@r", "+n")}  # however often it is written
    for line in path.read_text(encoding="utf-8").splitlines():
        assert not any(one[:1] in "=+-@" for one in line.split(",") if one), line


@pytest.mark.parametrize("id", [" a", "a\u00a0", "\u2028a", "a\rb", "a\r", "a\nb", " ", '"a"', "a\n=1", "b" * 200_000, "a\x00"])
def test_a_pair_is_found_again_whatever_its_id(tmp_path: Path, id: str) -> None:
    path = tmp_path / "decisions.csv"
    for what in ("drop", "keep"):
        record_decision(path, (id, "1" * 16), Decision(what, " r\r", "n"))
    assert read_decisions(path) == {(id, "1" * 16): Decision("keep", " r\r", "n")}


def test_the_shipped_decisions_are_readable() -> None:
    read_decisions(ROOT / "data/review/decisions.csv")


GOOD_HASH = "0123456789abcdef"


@pytest.mark.parametrize(
    ("content", "line", "named"),
    [
        ("", None, "the file is empty"),
        ("id,hash,decision,reason,note\n", 1, "the header lacks content_hash"),
        (HEADER + f"a,{GOOD_HASH},maybe,,\n", 2, "field 'decision': unknown decision (got 'maybe')"),
        (HEADER + f"a,{GOOD_HASH},Keep,,\n", 2, "unknown decision (got 'Keep')"),
        (HEADER + f"a,{GOOD_HASH},keep,,\nb,{GOOD_HASH},keep,,\na,{GOOD_HASH},drop,,\n", 4, "already on line 2"),
        (HEADER + "a,0123,keep,,\n", 2, "field 'content_hash': not 16 hex digits"),
        (HEADER + f",{GOOD_HASH},keep,,\n", 2, "field 'id': missing"),
        (HEADER + f"a,{GOOD_HASH},keep\n", 2, "3 cells under a header of 5"),
    ],
)
def test_wrong_decisions_name_file_and_line(tmp_path: Path, content: str, line: int | None, named: str) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_decisions(path)
    assert caught.value.line == line
    assert named in str(caught.value) and str(path) in str(caught.value)


def test_content_hash_is_what_the_documentation_says() -> None:
    assert content_hash(pair_of("ü", "é")) == hashlib.sha256("ü\né".encode()).hexdigest()[:16]


def test_hashes_are_of_the_texts_alone() -> None:
    assert content_hash(pair_of(id="a")) == content_hash(pair_of(id="b"))
