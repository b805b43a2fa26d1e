"""compare: chance is not called significant, a true difference is; systems are chosen; git and files are read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from synthempathy.evaluation.score_table import ScoredResponse
from synthempathy.versions.compare_command import compare
from tests.helpers.made_scores import COE_CBT, PLAIN, git, scored, write_table

ROOT = Path(__file__).parents[2]


def compared(first: Sequence[ScoredResponse], second: Sequence[ScoredResponse], folder: Path, *, unpaired: bool = False) -> str:
    paths = write_table(folder / "a.csv", first), write_table(folder / "b.csv", second)
    return compare(*map(str, paths), unpaired=unpaired, markdown=False)


def test_another_draw_of_the_same_prompt_is_not_significant(tmp_path: Path) -> None:
    text = compared(scored(COE_CBT, draw=1), scored(COE_CBT, draw=2), tmp_path)
    assert "corpus: 44 pairs of 11 seeds in both (0 only in A, 0 only in B, 0 with another explanation)" in text
    assert "No difference is significant." in text
    assert text.count("not significant") == 4


@pytest.mark.parametrize("unpaired", [False, True])
def test_plain_against_coe_cbt_is_a_significant_difference(tmp_path: Path, unpaired: bool) -> None:
    text = compared(scored(PLAIN, draw=1), scored(COE_CBT, draw=2), tmp_path, unpaired=unpaired)
    assert text.count("significantly higher") == 4
    assert re.search(r"Significant: in B ER is 0\.\d\d higher, IP is 0\.\d\d higher, EX is 1\.\d\d higher", text)
    back = compared(scored(COE_CBT, draw=2), scored(PLAIN, draw=1), tmp_path, unpaired=unpaired)
    assert back.count("significantly lower") == 4


def test_only_the_mechanism_that_moved_is_named(tmp_path: Path) -> None:
    text = compared(scored((1.7, 1.6, 1.85), draw=3), scored((1.7, 1.6, 0.3), draw=4), tmp_path)
    assert re.search(r"Significant: in B EX is 1\.\d\d lower, their mean is 0\.\d\d lower\.", text)
    assert "Not significant: ER, IP." in text


def test_too_few_pairs_say_so_and_offer_the_unpaired_comparison(tmp_path: Path) -> None:
    first, second = scored(COE_CBT, draw=1), scored(PLAIN, draw=2)
    text = compared(first[:9], second, tmp_path)
    assert "9 pairs of 3 seeds" in text
    assert "fewer than 10, too few to compare. Try --unpaired." in text
    assert "Significant: in B" in compared(first[:9], second, tmp_path, unpaired=True)


def test_a_difference_that_two_trainings_may_have_by_chance_is_not_significant_for_a_tuned_model_alone(tmp_path: Path) -> None:
    first, second = (
        [row.model_copy(update={"system": arm}) for arm in ("corpus", "tuned") for row in scored((1, 1, ex), draw=d, std=0.05)]
        for d, ex in ((1, 1.0), (2, 1.12))
    )
    corpus, tuned = compared(first, second, tmp_path).split("\n\n")[1:]
    assert "Significant: in B EX is 0.1" in corpus
    assert "No difference is significant." in tuned
    assert "not significant for one training" in tuned
    paths = [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    text = compare(*paths, systems=("tuned",), noise=0.05)
    assert "Significant: in B EX is 0.1" in text


def test_six_seeds_and_one_seed_are_said_to_be_too_few(tmp_path: Path) -> None:
    text = compared(scored(PLAIN, draw=1, seeds=6), scored(COE_CBT, draw=2, seeds=6), tmp_path)
    assert "With 6 seeds no difference can be significant; 7 are needed." in text
    text = compared(scored(PLAIN, draw=1, seeds=1, each=12), scored(COE_CBT, draw=2, seeds=1, each=12), tmp_path)
    assert "one seed" in text


def test_a_change_of_the_scorer_is_noticed_by_responses_that_did_not_change(tmp_path: Path) -> None:
    first = scored(COE_CBT, draw=1)
    assert "The scorer changed" not in compared(first, first, tmp_path)
    moved = [row.model_copy(update={"scores": row.scores | {"empathy": row.whole / 2}}) for row in first]
    text = compared(first, moved, tmp_path)
    assert "The scorer changed: it gives 44 of 44 responses that are the same in A and B another score" in text
    base = [row.model_copy(update={"system": "base"}) for row in moved]  # of a system that is not shown
    old = [row.model_copy(update={"system": "base"}) for row in first]
    assert "The scorer changed" in compared([*first, *old], [*scored(PLAIN, draw=2), *base], tmp_path)


def test_a_file_with_itself_differs_in_nothing(tmp_path: Path) -> None:
    text = compared(scored(COE_CBT, draw=1), scored(COE_CBT, draw=1), tmp_path)
    assert "Responses that are the same word for word: 44." in text
    assert text.count("+0.00 to +0.00") == 4
    assert text.count("1.0000") == 4


def line(number: int, system: str = "tuned", **fields: object) -> dict[str, object]:
    return {
        "id": f"p{number}-{system}", "pair_id": f"p{number}", "seed_id": f"s{number % 5}", "category": "Work",
        "explanation": f"I worry {number} times.", "system": system, "model": "m", "response": "I feel for you.",
        "finish_reason": "stop", "er": 1.0, "ip": 0.5, "ex": 0.0, "empathy": 0.5,
    } | fields


def jsonl(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_evaluation_files_are_read_and_systems_chosen(tmp_path: Path) -> None:
    rows = [line(i, system) for i in range(12) for system in ("base", "tuned", "corpus")]
    path = jsonl(tmp_path / "a.jsonl", rows)
    text = compare(str(path), str(path))
    assert [part.split(":")[0] for part in text.split("\n\n")] == ["A", "corpus", "tuned"]
    assert "Words per response: 4 and 4." in text
    text = compare(str(path), str(path), systems=("base",))
    assert "corpus" not in text
    with pytest.raises(InputError, match=r"no responses of this system in both \(got 'big'\); both have: base, tuned, corpus"):
        compare(str(path), str(path), systems=("big",))
    other = jsonl(tmp_path / "b.jsonl", [line(i, "big") for i in range(12)])
    with pytest.raises(InputError, match="both have: none"):
        compare(str(path), str(other))


def test_markdown_is_a_table_that_github_shows(tmp_path: Path) -> None:
    paths = [str(write_table(tmp_path / f"{d}.csv", scored(m, draw=d))) for d, m in ((1, PLAIN), (2, COE_CBT))]
    text = compare(*paths, markdown=True)
    lines = text.splitlines()
    start = lines.index("|  | A | B | B - A | 95% interval | p |  |")
    assert lines[start - 1] == ""
    assert lines[start + 1] == "|---|---|---|---|---|---|---|"
    assert [row.split("|")[1].strip() for row in lines[start + 2 : start + 6]] == ["ER", "IP", "EX", "mean"]
    assert all(row.count("|") == 8 for row in lines[start : start + 6])
    assert lines[start + 6] == ""


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
        [sys.executable, "-m", "synthempathy", "compare", *arguments], cwd=folder, text=True, capture_output=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False,
    )


def test_revisions_experiments_and_the_workspace_are_read_from_git_alone(repository: Path) -> None:
    done = started(repository, "old", "HEAD")
    assert (done.returncode, done.stderr) == (0, "")
    assert "EX is 1." in done.stdout
    assert started(repository, "tried", "new").stdout.split("\n", 2)[2] == done.stdout.split("\n", 2)[2]
    assert "No difference is significant." in started(repository, "main", "workspace").stdout


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
