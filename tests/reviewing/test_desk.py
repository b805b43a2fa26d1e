"""What waits, what is decided, and whose file it goes to."""

from __future__ import annotations

from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from synthempathy.filters.decisions import Decision, read_decisions, record_decision
from synthempathy.reviewing.desk import MOST_NOTE, Desk, key_of, noted, own_file
from tests.helpers.queue import held_row, write_queue


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(write_queue(tmp_path / "queue.jsonl", *map(held_row, "abc")), tmp_path / "decisions.csv")


def test_a_decision_keeps_the_note_and_a_note_keeps_the_decision(desk: Desk) -> None:
    row = desk.rows[0]
    for step, wanted in (
        (lambda: desk.note(row, " too\nprivate "), Decision("skip", "review_violence", "too private")),
        (lambda: desk.decide(row, "drop"), Decision("drop", "review_violence", "too private")),
        (lambda: desk.note(row, ""), Decision("drop", "review_violence", "")),
    ):
        step()
        assert desk.of(row) == wanted == read_decisions(desk.path)[key_of(row)]
    assert (desk.made, desk.left) == (1, 2)
    assert desk.summary() == "review: 1 decided, 2 left. Run `dvc repro filter` to carry the decisions out."


def test_what_another_wrote_meanwhile_stays(desk: Desk) -> None:
    record_decision(desk.path, ("z", "0" * 16), Decision("keep"))
    desk.decide(desk.rows[1], "keep")
    assert [name for name, _ in read_decisions(desk.path)] == ["b", "z"]


def test_decided_rows_are_left_out_unless_wanted_again(desk: Desk, tmp_path: Path) -> None:
    desk.decide(desk.rows[0], "keep")
    desk.note(desk.rows[1], "later")
    assert [row.id for row in Desk(tmp_path / "queue.jsonl", desk.path).rows] == ["b", "c"]
    assert [row.id for row in Desk(tmp_path / "queue.jsonl", desk.path, again=True).rows] == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["", ".", "../x", "a/b", "a b", "x" * 41, "-x", "ä", "a\n"])
def test_an_annotators_name_is_part_of_a_files_name(name: str) -> None:
    assert own_file(Path("data/decisions.csv"), "anna_2") == Path("data/decisions-anna_2.csv")
    with pytest.raises(InputError, match="not a name"):
        own_file(Path("data/decisions.csv"), name)


@pytest.mark.parametrize("note", ["x" * (MOST_NOTE + 1), "\ud83d"])
def test_a_note_that_no_file_would_hold_is_refused(note: str) -> None:
    with pytest.raises(InputError, match="field 'note'"):
        noted(note)
    assert noted(f" {'x ' * (MOST_NOTE // 2)}") == "x " * (MOST_NOTE // 2 - 1) + "x"
