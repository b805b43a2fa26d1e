"""Two annotators: how far they agree, their conflicts, and what of it the filter is told."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from sklearn.metrics import cohen_kappa_score

from synthempathy.cli import main
from synthempathy.filters.decisions import COLUMNS, Decision, read_decisions, record_decisions
from synthempathy.reviewing.agreement import agreement, settle
from synthempathy.reviewing.desk import Desk, key_of
from tests.helpers.queue import held_row, write_queue

NAMES = "abcdefgh"
#: What each said of a, b, c, ...; "-" for nothing. Of both: six pairs, four alike.
ANNA = ["keep", "keep", "drop", "drop", "keep", "drop", "keep", "skip"]
BEN = ["keep", "drop", "drop", "keep", "keep", "drop", "-", "drop"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rows = [held_row(name) for name in NAMES]
    write_queue(tmp_path / "queue.jsonl", *rows)
    for annotator, said in (("anna", ANNA), ("ben", BEN)):
        record_decisions(tmp_path / f"decisions-{annotator}.csv", {
            (row["id"], row["content_hash"]): Decision(what, row["reason"], f"{annotator} on {row['id']}" * (row["id"] in "ab"))
            for row, what in zip(rows, said, strict=True) if what != "-"
        })
    monkeypatch.chdir(tmp_path)
    return tmp_path


def both() -> tuple[Path, Path]:
    return Path("decisions-anna.csv"), Path("decisions-ben.csv")


def test_agreement_counts_kappa_and_the_conflicts_row_by_row(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["review", "--agreement", *map(str, both())])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "6 pairs decided by both; 1 by anna alone, 1 by ben alone"
    assert [line.split() for line in lines[1:4]] == [
        ["ben", "keep", "ben", "drop"], ["anna", "keep", "2", "1"], ["anna", "drop", "1", "2"],
    ]
    kappa = cohen_kappa_score(ANNA[:6], BEN[:6])
    assert lines[4:7] == ["agreement: 4 of 6, 66.7%", f"Cohen's kappa: {kappa:.2f}", "conflicts: 2"]
    assert [line.split()[0] for line in lines[7::3]] == ["b", "d"]
    assert lines[8:10] == ["    anna: keep, anna on b", "    ben: drop, ben on b"]


@pytest.mark.parametrize(("anna", "ben", "said"), [
    ("keep", "keep", "not defined, both gave one answer to all"), ("skip", "keep", "not defined, nothing was decided by both"),
    ("keep", "drop", "0.00"),
])
def test_kappa_that_is_not_defined_says_why(tmp_path: Path, anna: str, ben: str, said: str) -> None:
    for path, what in ((tmp_path / "one.csv", anna), (tmp_path / "two.csv", ben)):
        path.write_text(f"{','.join(COLUMNS)}\na,{'0' * 16},{what},,\n")
    assert f"Cohen's kappa: {said}" in agreement(tmp_path / "one.csv", tmp_path / "two.csv").text()


def test_what_both_agree_on_goes_into_the_one_file_and_conflicts_wait_for_a_person(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("d\ns\n"))
    main(["review", "queue.jsonl", "decisions.csv", "--settle", *map(str, both())])
    shown = capsys.readouterr()
    assert "4 on which both agree went into decisions.csv" in shown.err and "2 conflicts wait" in shown.err
    assert "1 of 2   b" in shown.out and "anna: keep, anna on b" in shown.out and "ben: drop, ben on b" in shown.out
    found = {name: one for (name, _), one in read_decisions(Path("decisions.csv")).items()}
    assert {name: one.what for name, one in found.items()} == {"a": "keep", "b": "drop", "c": "drop", "e": "keep", "f": "drop"}
    assert found["a"].note == "anna: anna on a; ben: ben on a" and found["a"].reason == "review_violence"
    monkeypatch.setattr(sys, "stdin", io.StringIO("k\n"))
    main(["review", "queue.jsonl", "decisions.csv", "--settle", *map(str, both())])
    assert "0 on which both agree" in (said := capsys.readouterr().err) and "5 stood there before; 1 conflicts wait" in said
    assert {name for name, _ in read_decisions(Path("decisions.csv"))} == set("abcdef")


def test_a_decision_that_stands_is_not_overruled_by_two_who_agree(folder: Path) -> None:
    row = held_row("a")
    record_decisions(Path("decisions.csv"), {("a", row["content_hash"]): Decision("drop", "", "mine")})
    settle(agreement(*both()), Path("decisions.csv"))
    assert read_decisions(Path("decisions.csv"))["a", row["content_hash"]] == Decision("drop", "", "mine")


def test_conflicts_about_texts_that_are_gone_are_counted(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_queue(Path("queue.jsonl"), held_row("b", response="Another."), held_row("d"))
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    main(["review", "queue.jsonl", "decisions.csv", "--settle", *map(str, both())])
    shown = capsys.readouterr()
    assert "1 of the conflicts are about texts that are not in queue.jsonl any more" in shown.err
    assert "1 of 1   d" in shown.out


def test_an_annotator_has_a_file_of_their_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("k\n"))
    main(["review", "queue.jsonl", "decisions.csv", "--annotator", "cleo"])
    assert [one.what for one in read_decisions(Path("decisions-cleo.csv")).values()] == ["keep"]
    assert not Path("decisions.csv").exists()


@pytest.mark.parametrize(("arguments", "said"), [
    (["--annotator", "../x"], "field '--annotator': not a name"), (["--annotator", ""], "not a name"),
    (["--agreement", "gone.csv", "decisions-ben.csv"], "gone.csv: no such file"),
    (["--settle", "decisions-anna.csv", "decisions-ben.csv", "--annotator", "x"], "not with --settle"),
])
def test_what_cannot_be_is_one_line(
    folder: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["review", "queue.jsonl", "decisions.csv", *arguments])
    assert said in str(end.value) and "\n" not in str(end.value)


def test_a_desk_of_conflicts_shows_these_rows_alone(folder: Path) -> None:
    opinions = agreement(*both()).opinions
    desk = Desk(Path("queue.jsonl"), Path("decisions.csv"), opinions=opinions)
    assert [row.id for row in desk.rows] == ["b", "d"]
    assert [one.annotator for one in desk.opinions[key_of(desk.rows[0])]] == ["anna", "ben"]
