"""Outputs appear whole and together, or not at all."""

import pytest

from synthempathy.core.errors import ConservationError, InputError
from synthempathy.core.files import network_file_system, read_csv, write_json, written_whole
from synthempathy.core.ledger import Ledger


def test_all_targets_appear_at_the_end(tmp_path):
    first, second = tmp_path / "a", tmp_path / "deep" / "b"
    with written_whole(first, second) as (one, two):
        one.write_text("1")
        two.mkdir()
        (two / "file").write_text("2")
        assert not first.exists() and not second.exists()
    assert first.read_text() == "1"
    assert (second / "file").read_text() == "2"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "deep"]


def test_a_failure_leaves_everything_as_it_was(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("old")
    second.mkdir()
    (second / "file").write_text("old")
    with pytest.raises(ZeroDivisionError), written_whole(first, second) as (one, _):
        one.write_text("new")
        _ = 1 / 0
    assert first.read_text() == "old"
    assert (second / "file").read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]


def test_a_folder_is_never_replaced_by_a_file(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "precious").write_text("x")
    with pytest.raises(InputError, match="is a folder"), written_whole(tmp_path / "data") as (part,):
        part.write_text("x")
    assert (tmp_path / "data" / "precious").exists()


def test_json_is_stable(tmp_path):
    write_json(tmp_path / "m.json", {"b": 1 / 3, "a": [0.1 + 0.2], "c": None})
    assert (tmp_path / "m.json").read_text() == '{\n  "b": 0.333333,\n  "a": [\n    0.3\n  ],\n  "c": null\n}\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("a,c\n1,2\n", "t.csv:1: the header lacks b"),
        ("a,b\n1\n", "t.csv:2: 1 cells under a header of 2"),
    ],
)
def test_a_bad_csv_is_named(tmp_path, text, said):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        read_csv(tmp_path / "t.csv", ("a", "b"))


def test_csv_lines_are_counted_over_quoted_breaks(tmp_path):
    (tmp_path / "t.csv").write_text('a,b\n"x\ny",1\nz,2\n')
    assert [line for line, _ in read_csv(tmp_path / "t.csv", ("a", "b"))] == [2, 4]


def test_the_ledger_refuses_a_lost_row():
    ledger = Ledger("stage", 3, reasons=("never",))
    ledger.drop("why")
    assert ledger.close(2) == {"rows_in": 3, "rows_out": 2, "dropped": {"never": 0, "why": 1}}
    with pytest.raises(ConservationError, match="rows_in 3 != rows_out 1"):
        ledger.close(1)


def test_the_deepest_mount_says_whether_a_file_system_is_shared(tmp_path):
    mounts = tmp_path / "mounts"
    home = f"{tmp_path}/my\\040home"
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nserver:/x {home} nfs4 rw 0 0\n/dev/b {home}/in ext4 rw 0 0\n")
    found = [network_file_system(tmp_path / place, mounts) for place in ("a", "my home/s.sqlite", "my home/in/s.sqlite")]
    assert found == [None, "nfs4", None]
    assert network_file_system(tmp_path, tmp_path / "none") is None
