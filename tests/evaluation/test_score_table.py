"""Rows pair as they should; tables, files and bad ones; an earlier name of a column is understood."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.core.errors import InputError
from synthempathy.evaluation.score_table import paired, read_scores, text_hash
from tests.helpers.made_scores import COE_CBT, COLUMNS, scored, write_table


def test_rows_pair_by_id_where_the_explanation_is_the_same() -> None:
    first, second = scored(COE_CBT, draw=1), scored(COE_CBT, draw=2)
    second = [second[0].model_copy(update={"explanation": "another"}), *second[2:][::-1]]
    found = paired(first[:-3], second)
    assert [a.pair_id for a, _ in found.pairs] == [row.pair_id for row in first[2:-3]]
    assert all(a.pair_id == b.pair_id for a, b in found.pairs)
    assert (found.only_first, found.only_second, found.other_explanation) == (1, 3, 1)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 20), unique=True), st.lists(st.integers(0, 20), unique=True), st.sets(st.integers(0, 20)))
def test_every_row_is_paired_or_counted(first: list[int], second: list[int], changed: set[int]) -> None:
    base = {i: row for i, row in enumerate(scored(COE_CBT, draw=1, seeds=7, each=3))}
    a = [base[i] for i in first]
    b = [base[i].model_copy(update={"explanation": "new"} if i in changed else {}) for i in second]
    found = paired(a, b)
    assert len(found.pairs) + found.only_first + found.other_explanation == len(a)
    assert len(found.pairs) + found.only_second + found.other_explanation == len(b)


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda p: p.unlink(), "no such file"),
    (lambda p: p.write_text("arm,empathy\nbase,1\n", encoding="utf-8"), "a.csv:1: the header lacks pair_id"),
    (lambda p: p.write_text(",".join(COLUMNS) + "\n", encoding="utf-8"), "a.csv: no rows"),
    (lambda p: p.write_text(p.read_text("utf-8").replace(",150,", ",many,", 1), encoding="utf-8"), "a.csv:2: field 'words'"),
    (lambda p: p.write_text(p.read_text("utf-8") + "short\n", encoding="utf-8"), "a.csv:46: 1 cells under a header of 10"),
])
def test_a_bad_table_is_named(tmp_path: Path, spoil: Callable[[Path], object], message: str) -> None:
    path = write_table(tmp_path / "a.csv", scored(COE_CBT, draw=1))
    spoil(path)
    with pytest.raises(InputError) as caught:
        read_scores(str(path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_evaluation_of_before_the_column_was_renamed_is_read(tmp_path: Path) -> None:
    rows = scored(COE_CBT, draw=1)
    path = write_table(tmp_path / "a.csv", rows)
    path.write_text(path.read_text("utf-8").replace(",system,", ",arm,", 1), encoding="utf-8")
    assert read_scores(str(path)) == rows


@pytest.mark.parametrize("name", ["system", "arm"])
def test_a_file_of_responses_is_read_with_hashes_for_texts(tmp_path: Path, name: str) -> None:
    path = tmp_path / "evaluation.jsonl"
    path.write_text(json.dumps({
        "id": "p-base", "pair_id": "p", "seed_id": "s", "explanation": "I worry.", "response": "I feel for you.", name: "base",
        "model": "m", "finish_reason": "stop", "er": 1.0, "ip": 0.5, "ex": 0.0, "empathy": 0.5,
    }), encoding="utf-8")
    [row] = read_scores(str(path))
    assert (row.system, row.words, row.scores, row.whole) == (
        "base", 4, {"er": 1.0, "ip": 0.5, "ex": 0.0, "empathy": 0.5}, 0.5,
    )
    assert (row.explanation, row.response) == (text_hash("I worry."), text_hash("I feel for you."))


def test_where_git_itself_refuses_its_own_words_are_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no such git revision"):
        read_scores("nothing-of-this-name")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(InputError, match=r"git refuses: .*ownership"):
        read_scores("HEAD")
    monkeypatch.delenv("GIT_TEST_ASSUME_DIFFERENT_OWNER")
    monkeypatch.chdir(tmp_path)  # as in a downloaded zip
    with pytest.raises(InputError, match=r"git refuses: .*not a git repository") as caught:
        read_scores("HEAD")
    assert len(str(caught.value).splitlines()) == 1
