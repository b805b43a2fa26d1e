"""compare: noise is called noise, a real difference is called one; rows pair as they should; git and files are read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.core.errors import InputError
from synthempathy.evaluation.compare import compare
from synthempathy.evaluation.differences import LEVEL, paired_differences, seeds_needed, unpaired_differences
from synthempathy.evaluation.scored import Scored, paired, read_scored
from synthempathy.evaluation.tables import SCORE_COLUMNS
from tests.helpers.made_scores import COE_CBT, PLAIN, git, scored, write_table

ROOT = Path(__file__).parents[2]


def told(first: Sequence[Scored], second: Sequence[Scored], folder: Path, *, unpaired: bool = False) -> str:
    paths = write_table(folder / "a.csv", first), write_table(folder / "b.csv", second)
    return compare(*map(str, paths), arms=(), unpaired=unpaired, markdown=False)


def test_another_draw_of_the_same_prompt_is_noise(tmp_path: Path) -> None:
    text = told(scored(COE_CBT, draw=1), scored(COE_CBT, draw=2), tmp_path)
    assert "corpus: 44 pairs of 11 seeds in both (0 only in A, 0 only in B, 0 with another explanation)" in text
    assert "No difference is more than noise." in text
    assert text.count("no more than noise") == 4


def test_another_draw_is_called_real_no_more_often_than_it_may() -> None:
    wrong = 0
    for draw in range(100):
        pairs = paired(scored(COE_CBT, draw=draw), scored(COE_CBT, draw=draw + 1000)).pairs
        wrong += any(d.real for d in paired_differences(pairs, samples=500)[:3])
    assert wrong <= 12  # 5 are expected, for all three mechanisms together


@pytest.mark.parametrize("unpaired", [False, True])
def test_plain_against_coe_cbt_is_a_real_difference(tmp_path: Path, unpaired: bool) -> None:
    text = told(scored(PLAIN, draw=1), scored(COE_CBT, draw=2), tmp_path, unpaired=unpaired)
    assert text.count("higher, more than noise") == 4
    assert re.search(r"More than noise: in B ER is 0\.\d\d higher, IP is 0\.\d\d higher, EX is 1\.\d\d higher", text)
    back = told(scored(COE_CBT, draw=2), scored(PLAIN, draw=1), tmp_path, unpaired=unpaired)
    assert back.count("lower, more than noise") == 4


def test_only_the_mechanism_that_moved_is_named(tmp_path: Path) -> None:
    text = told(scored((1.7, 1.6, 1.85), draw=3), scored((1.7, 1.6, 0.3), draw=4), tmp_path)
    assert re.search(r"More than noise: in B EX is 1\.\d\d lower, their mean is 0\.\d\d lower\.", text)
    assert "No more than noise: ER, IP." in text


def test_the_interval_holds_the_true_difference() -> None:
    held = 0
    for draw in range(100):
        pairs = paired(scored((1, 1, 1), draw=draw), scored((1, 1, 1.2), draw=draw + 1000)).pairs
        er, _, ex, _ = paired_differences(pairs, samples=400)
        assert er.low is not None and er.high is not None and ex.low is not None and ex.high is not None
        held += (er.low <= 0 <= er.high) + (ex.low <= 0.2 <= ex.high)
    assert 180 <= held <= 199


def test_pairing_sees_what_the_unpaired_comparison_misses() -> None:
    first, second = (scored((1, 1, means), draw=d, std=0.05, topic=0.4) for d, means in ((1, 1.0), (2, 1.1)))
    assert paired_differences(paired(first, second).pairs)[2].real
    assert not unpaired_differences(first, second)[2].real


def test_unpaired_noise_is_noise() -> None:
    assert not any(d.real for d in unpaired_differences(scored(COE_CBT, draw=1), scored(COE_CBT, draw=2, each=3)))


def test_rows_pair_by_id_where_the_explanation_is_the_same() -> None:
    first, second = scored(COE_CBT, draw=1), scored(COE_CBT, draw=2)
    second = [second[0].model_copy(update={"explanation": "told anew"}), *second[2:][::-1]]
    found = paired(first[:-3], second)
    assert [a.pair_id for a, _ in found.pairs] == [row.pair_id for row in first[2:-3]]
    assert all(a.pair_id == b.pair_id for a, b in found.pairs)
    assert (found.only_first, found.only_second, found.other_explanation) == (1, 3, 1)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 20), unique=True), st.lists(st.integers(0, 20), unique=True), st.sets(st.integers(0, 20)))
def test_every_row_is_paired_or_counted(first: list[int], second: list[int], retold: set[int]) -> None:
    base = {i: row for i, row in enumerate(scored(COE_CBT, draw=1, seeds=7, each=3))}
    a = [base[i] for i in first]
    b = [base[i].model_copy(update={"explanation": "new"} if i in retold else {}) for i in second]
    found = paired(a, b)
    assert len(found.pairs) + found.only_first + found.other_explanation == len(a)
    assert len(found.pairs) + found.only_second + found.other_explanation == len(b)


def test_too_few_pairs_say_so_and_offer_the_unpaired_comparison(tmp_path: Path) -> None:
    first, second = scored(COE_CBT, draw=1), scored(PLAIN, draw=2)
    text = told(first[:9], second, tmp_path)
    assert "9 pairs of 3 seeds" in text
    assert "fewer than 10, nothing can be said of them. Try --unpaired." in text
    assert "more than noise" in told(first[:9], second, tmp_path, unpaired=True)


def test_too_few_seeds_are_said() -> None:
    assert seeds_needed() == 7
    pairs = paired(scored(PLAIN, draw=1, seeds=7), scored(COE_CBT, draw=2, seeds=7)).pairs
    assert paired_differences(pairs)[2].p < LEVEL
    pairs = paired(scored(PLAIN, draw=1, seeds=6), scored(COE_CBT, draw=2, seeds=6)).pairs
    assert paired_differences(pairs)[2].p > LEVEL


def test_a_difference_that_two_trainings_may_have_by_chance_is_noise_of_a_tuned_model_alone(tmp_path: Path) -> None:
    first, second = (
        [row.model_copy(update={"arm": arm}) for arm in ("corpus", "tuned") for row in scored((1, 1, ex), draw=d, std=0.05)]
        for d, ex in ((1, 1.0), (2, 1.12))
    )
    corpus, tuned = told(first, second, tmp_path).split("\n\n")[1:]
    assert "More than noise: in B EX is 0.1" in corpus
    assert "No difference is more than noise." in tuned
    assert "no more than noise of training" in tuned
    paths = [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    text = compare(*paths, arms=("tuned",), unpaired=False, markdown=False, noise=0.05)
    assert "More than noise: in B EX is 0.1" in text


def test_six_seeds_and_one_seed_are_told_as_what_they_are(tmp_path: Path) -> None:
    text = told(scored(PLAIN, draw=1, seeds=6), scored(COE_CBT, draw=2, seeds=6), tmp_path)
    assert "With 6 seeds no difference can show as more than noise; 7 are needed." in text
    text = told(scored(PLAIN, draw=1, seeds=1, each=12), scored(COE_CBT, draw=2, seeds=1, each=12), tmp_path)
    assert "one seed" in text


def test_a_change_of_the_scorer_is_noticed_by_responses_that_did_not_change(tmp_path: Path) -> None:
    first = scored(COE_CBT, draw=1)
    assert "The scorer is another" not in told(first, first, tmp_path)
    moved = [row.model_copy(update={"empathy": row.empathy / 2}) for row in first]
    text = told(first, moved, tmp_path)
    assert "The scorer is another: of 44 responses that are the same in A and B it scores 44 otherwise" in text
    base = [row.model_copy(update={"arm": "base"}) for row in moved]  # of an arm that is not shown
    old = [row.model_copy(update={"arm": "base"}) for row in first]
    assert "The scorer is another" in told([*first, *old], [*scored(PLAIN, draw=2), *base], tmp_path)


def test_a_file_with_itself_differs_in_nothing(tmp_path: Path) -> None:
    text = told(scored(COE_CBT, draw=1), scored(COE_CBT, draw=1), tmp_path)
    assert "The same response word for word: 44." in text
    assert text.count("+0.00 to +0.00") == 4
    assert text.count("1.0000") == 4


def line(number: int, arm: str = "tuned", **fields: object) -> dict[str, object]:
    return {
        "id": f"p{number}-{arm}", "pair_id": f"p{number}", "seed_id": f"s{number % 5}", "category": "Work",
        "explanation": f"I worry {number} times.", "arm": arm, "model": "m", "response": "I feel for you.",
        "finish_reason": "stop", "er": 1.0, "ip": 0.5, "ex": 0.0, "empathy": 0.5,
    } | fields


def jsonl(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_evaluation_files_are_read_and_arms_chosen(tmp_path: Path) -> None:
    rows = [line(i, arm) for i in range(12) for arm in ("base", "tuned", "corpus")]
    path = jsonl(tmp_path / "a.jsonl", rows)
    text = compare(str(path), str(path), arms=(), unpaired=False, markdown=False)
    assert [part.split(":")[0] for part in text.split("\n\n")] == ["A", "corpus", "tuned"]
    assert "Words a response: 4 and 4." in text
    text = compare(str(path), str(path), arms=("base",), unpaired=False, markdown=False)
    assert "corpus" not in text
    with pytest.raises(InputError, match=r"no responses of this arm in both \(got 'big'\); both have: base, tuned, corpus"):
        compare(str(path), str(path), arms=("big",), unpaired=False, markdown=False)
    other = jsonl(tmp_path / "b.jsonl", [line(i, "big") for i in range(12)])
    with pytest.raises(InputError, match="both have: none"):
        compare(str(path), str(other), arms=(), unpaired=False, markdown=False)


def test_markdown_is_a_table_that_github_shows(tmp_path: Path) -> None:
    paths = [str(write_table(tmp_path / f"{d}.csv", scored(m, draw=d))) for d, m in ((1, PLAIN), (2, COE_CBT))]
    text = compare(*paths, arms=(), unpaired=False, markdown=True)
    lines = text.splitlines()
    start = lines.index("|  | A | B | B - A | 95% interval | p |  |")
    assert lines[start - 1] == ""
    assert lines[start + 1] == "|---|---|---|---|---|---|---|"
    assert [row.split("|")[1].strip() for row in lines[start + 2 : start + 6]] == ["ER", "IP", "EX", "mean"]
    assert all(row.count("|") == 8 for row in lines[start : start + 6])
    assert lines[start + 6] == ""


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda p: p.unlink(), "no such file"),
    (lambda p: p.write_text("arm,empathy\nbase,1\n", encoding="utf-8"), "a.csv:1: the header lacks pair_id"),
    (lambda p: p.write_text(",".join(SCORE_COLUMNS) + "\n", encoding="utf-8"), "a.csv: no rows"),
    (lambda p: p.write_text(p.read_text("utf-8").replace(",150,", ",many,", 1), encoding="utf-8"), "a.csv:2: field 'words'"),
    (lambda p: p.write_text(p.read_text("utf-8") + "short\n", encoding="utf-8"), "a.csv:46: field 'seed_id'"),
])
def test_a_bad_table_is_named(tmp_path: Path, spoil: Callable[[Path], object], message: str) -> None:
    path = write_table(tmp_path / "a.csv", scored(COE_CBT, draw=1))
    spoil(path)
    with pytest.raises(InputError) as caught:
        read_scored(str(path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits: plain, tagged `old`, then coe_cbt on main; an experiment of DVC named `tried`."""
    git(tmp_path, "init", "-b", "main")
    for tag, means, draw in (("older", None, 0), ("old", PLAIN, 1), ("new", COE_CBT, 2)):
        path = tmp_path / "metrics" / "empathy_scores.csv"
        if means:
            write_table(path, scored(means, draw=draw))
        else:
            path.parent.mkdir()
            path.write_text("arm,empathy\nbase,0.5\n", encoding="utf-8")
        git(tmp_path, "add", "metrics")
        git(tmp_path, "commit", "-m", tag)
        git(tmp_path, "tag", tag)
    git(tmp_path, "update-ref", f"refs/exps/ab/{'c' * 38}/tried", "old")
    write_table(tmp_path / "metrics" / "empathy_scores.csv", scored(COE_CBT, draw=3))
    return tmp_path


def started(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "synthempathy.evaluation.compare", *arguments], cwd=folder, text=True, capture_output=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False,
    )


def test_revisions_experiments_and_the_workspace_are_read_from_git_alone(repository: Path) -> None:
    done = started(repository, "old", "HEAD")
    assert (done.returncode, done.stderr) == (0, "")
    assert "EX is 1." in done.stdout
    assert started(repository, "tried", "new").stdout.split("\n", 2)[2] == done.stdout.split("\n", 2)[2]
    assert "No difference is more than noise." in started(repository, "main", "workspace").stdout


@pytest.mark.parametrize(("arguments", "message"), [
    (("gone", "HEAD"), "error: no such git revision, DVC experiment or evaluation file (got 'gone'); see `git log`"),
    (("older", "HEAD"), "error: older:metrics/empathy_scores.csv:1: the header lacks pair_id"),
    (("--output=x", "HEAD"), "usage"),
    (("gone.jsonl", "HEAD"), "error: gone.jsonl: no such file"),
])
def test_what_cannot_be_compared_is_one_line(repository: Path, arguments: tuple[str, ...], message: str) -> None:
    done = started(repository, *arguments)
    assert (done.returncode in (1, 2), done.stdout) == (True, "")
    assert done.stderr.startswith(message)
    assert "Traceback" not in done.stderr
