"""What a version's files and texts are, and what is said where they are not here."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from synthempathy.versions.figures import changed_metrics, changed_params
from synthempathy.versions.prompts import edited_since, prompt_changes
from synthempathy.versions.texts import texts_of
from synthempathy.versions.version import version
from tests.helpers.made_scores import git
from tests.helpers.versions import AFTER, ASKS, ASKS_NOT, BEFORE, PROMPT, commit, evaluation, scored_response


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    commit(tmp_path, "asks", evaluation(BEFORE, [1.8] * 12), prompt=ASKS)
    commit(tmp_path, "not", evaluation(AFTER, [0.2] * 12), prompt=ASKS_NOT, temperature=0.9)
    git(tmp_path, "update-ref", f"refs/exps/ab/{'c' * 38}/tried", "asks")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_texts_of_revisions_experiments_and_the_workspace_come_from_dvcs_cache(project: Path) -> None:
    old = scored_response(evaluation(BEFORE, [1.8])[0])
    for name in ("asks", "HEAD~1", "tried"):
        found = texts_of(version(name))
        assert found.missing == "" and found.of(old).response == BEFORE.format(0)
    found = texts_of(version("workspace"))
    assert found.of(old) is None  # other texts by now
    (project / "data").mkdir()
    (project / "data/evaluation.jsonl").write_text("")
    assert "no rows" in texts_of(version("workspace")).missing  # what lies there counts, not the cache


def test_what_the_cache_lacks_is_one_line_with_the_way_out(project: Path) -> None:
    shutil.rmtree(project / ".dvc/cache")
    missing = texts_of(version("asks")).missing
    assert missing == (
        "asks:data/evaluation.jsonl: is not in DVC's cache here; run "
        f"`git switch --detach {git(project, 'rev-parse', 'asks')} && dvc fetch data/evaluation.jsonl; git switch -`, "
        "or `dvc repro` there"
    )
    assert "run `dvc pull data/evaluation.jsonl`" in texts_of(version("workspace")).missing
    git(project, "rm", "-q", "dvc.lock")
    git(project, "commit", "-qm", "no lock")
    assert "does not stand in its dvc.lock" in texts_of(version("HEAD")).missing


def test_a_broken_lock_is_one_line(project: Path) -> None:
    for content in ("stages: [", "stages: 3", "- a", "\x00"):
        (project / "dvc.lock").write_text(content)
        with pytest.raises(InputError, match=r"workspace:dvc.lock: not a dvc.lock"):
            _ = version("workspace").lock


def test_a_prompts_diff_says_who_reads_it_and_marks_the_words(project: Path) -> None:
    [change] = prompt_changes(version("asks"), version("not"))
    assert (change.stages, change.first, change.second) == (("respond",), PROMPT, PROMPT)
    assert [line.kind for line in change.lines] == ["same", "del", "ins"]
    assert [[(one.kind, one.text) for one in line.words] for line in change.lines[1:]] == [
        [("del", "End with one question"), ("", ".")], [("ins", "Ask nothing at all"), ("", ".")],
    ]
    assert prompt_changes(version("asks"), version("tried")) == []


def test_a_prompt_that_took_anothers_place_is_compared_with_it(project: Path) -> None:
    other = PROMPT.with_name("plain.jinja")
    git(project, "mv", str(PROMPT), str(other))
    lock = (project / "dvc.lock").read_text()
    (project / "dvc.lock").write_text(lock.replace(str(PROMPT), str(other)))
    (project / PROMPT.with_name("new.jinja")).write_text("Nobody reads this yet.\n")
    taken, unused = prompt_changes(version("asks"), version("workspace"))
    assert (taken.stages, taken.first, taken.second) == (("respond",), PROMPT, other)
    assert (unused.stages, unused.first, unused.second) == ((), None, PROMPT.with_name("new.jinja"))


def test_a_prompt_that_was_edited_and_not_run_is_said(project: Path) -> None:
    assert edited_since(version("workspace")) == []
    (project / PROMPT).write_text(ASKS)
    assert edited_since(version("workspace")) == [PROMPT]


def test_parameters_and_metrics_that_changed_with_their_intervals(project: Path) -> None:
    a, b = version("asks"), version("not")
    assert [(one.key, one.first, one.second) for one in changed_params(a, b)] == [("respond.temperature", "0.7", "0.9")]
    found = changed_metrics(a, b)
    assert list(found) == ["metrics/empathy.json"]  # and neither cost nor categories
    [gain] = found["metrics/empathy.json"]
    assert (gain.key, gain.first, gain.second, gain.difference) == ("gain_percent", "7 (1 to 20)", "9 (1 to 20)", "+2")


def test_the_profile_in_force_is_compared_and_a_broken_one_is_one_line(project: Path) -> None:
    (project / "profiles/small.yaml").write_text("respond: {limit: 3}\n")
    assert [one.key for one in changed_params(version("not"), version("workspace"))] == ["respond.limit"]
    (project / "params.yaml").write_text("profile: gone\n")
    with pytest.raises(InputError, match=r"workspace:params.yaml: field 'profile': no such profile"):
        changed_params(version("not"), version("workspace"))
