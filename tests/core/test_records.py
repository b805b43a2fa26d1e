"""JSONL in and out: every mistake named by file, line, field; unknown fields pass through."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.core.errors import InputError
from synthempathy.core.records import Exchange, Record, Seed, read_records, write_records

GOOD = {"id": "a", "sentence": "x", "category": "Work", "severity": 1.5, "source": "t"}


def lines(tmp_path, *rows):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"".join((r if isinstance(r, bytes) else json.dumps(r).encode()) + b"\n" for r in rows))
    return path


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (b"{", "rows.jsonl:2: not JSON"),
        (b"[1]", "rows.jsonl:2: not a JSON object"),
        (b'{"id": "\xff"}', "rows.jsonl:2: not UTF-8"),
        (GOOD, r"rows.jsonl:2: field 'id': duplicate id, first on line 1 \(got 'a'\)"),
        (GOOD | {"id": "b", "severity": "high"}, "rows.jsonl:2: field 'severity'.*'high'"),
        (GOOD | {"id": "b", "severity": 11}, "rows.jsonl:2: field 'severity'.*got 11"),
        (GOOD | {"id": 3}, "rows.jsonl:2: field 'id'.*got 3"),
        ({"id": "b"}, "rows.jsonl:2: field 'sentence': missing"),
        (b'{"id": "b", "note": "so sad \\ud83d"}', "rows.jsonl:2: field 'note': half a surrogate pair"),
        (b'{"id": "b", "deep": [{"note": "\\ude00"}]}', "rows.jsonl:2: field 'deep': half a surrogate pair"),
        (b'{"id": "b", "weight": NaN}', "rows.jsonl:2: field 'weight': not a finite number"),
        (b'{"id": "b", "more": {"weight": -Infinity}}', "rows.jsonl:2: field 'more': not a finite number"),
        (b'{"id": "b", "weight": 1e400}', "rows.jsonl:2: field 'weight': not a finite number"),
        (b'{"id": "b", "weight": ' + b"9" * 5000 + b"}", "rows.jsonl:2: a number too long"),
        (b'{"id": "b", "deep": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "rows.jsonl:2: .*nested too deep"),
    ],
)
def test_a_bad_line_is_named(tmp_path, row, said):
    with pytest.raises(InputError, match=said) as caught:
        read_records(lines(tmp_path, GOOD, row), Seed)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("deep", [150, 190, 199, 200, 201, 255, 350, 600, 900, 985, 2_000])
@pytest.mark.parametrize(("start", "end"), [("[", "]"), ('{"a": ', "}"), ('{"a": [', "]}")])
def test_nesting_is_read_and_written_or_ends_in_one_line(tmp_path, deep, start, end):
    """The row itself counts as one."""
    times = (deep - 1) // len(end)
    row = ('{"id": "b", "deep": ' + start * times + "1" + end * times + "}").encode()
    try:
        found = read_records(lines(tmp_path, row), Record)
    except InputError as error:
        assert deep > 199 and len(str(error)) < 300 and "nested" in str(error)
    else:
        assert deep < 203
        write_records(tmp_path / "again.jsonl", [row.extended(more={"a": 1}) for row in found])
        assert read_records(tmp_path / "again.jsonl", Record)


def test_half_a_surrogate_pair_in_a_fields_name_is_named(tmp_path):
    with pytest.raises(InputError, match=r"rows\.jsonl:1: field .*half a surrogate pair"):
        read_records(lines(tmp_path, b'{"id": "b", "so \\ud83d": 1}'), Record)


def test_large_numbers_and_whole_emoji_pass(tmp_path):
    row = {"id": "b", "weight": 1e308, "digits": 10**200, "note": "\U0001f600"}
    assert read_records(lines(tmp_path, row), Record)[0].model_dump() == row


def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path):
    assert read_records(lines(tmp_path, b"\xef\xbb\xbf" + json.dumps(GOOD).encode()), Seed)[0].id == "a"


def test_ids_of_anyones_pairs_may_repeat(tmp_path):
    turn = {"id": "talk-1", "explanation": "I lost my job.", "response": "I am so sorry."}
    assert [row.model_dump() for row in read_records(lines(tmp_path, turn, turn), Exchange)] == [turn, turn]


def test_no_rows_and_no_file_are_errors(tmp_path):
    with pytest.raises(InputError, match="no rows"):
        read_records(lines(tmp_path), Seed)
    with pytest.raises(InputError, match="no such file"):
        read_records(tmp_path / "absent.jsonl", Seed)


@given(
    st.lists(st.fixed_dictionaries({"text": st.text(), "n": st.integers(), "more": st.lists(st.text())}), min_size=1)
)
def test_rows_come_back_as_they_were(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    rows = [{"id": str(i), **value} for i, value in enumerate(values)]
    assert write_records(path, rows) == len(rows)
    assert [record.model_dump() for record in read_records(path, Record)] == rows
    before = path.read_bytes()
    write_records(path, read_records(path, Record))
    assert path.read_bytes() == before
