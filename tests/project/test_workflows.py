"""The workflows: actions by commit, a stranger's code without rights, and its report as nothing but text."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from synthempathy.core.params import plain, read_mapping
from tests.helpers.pairs import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yaml"))


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = plain(read_mapping(ROOT / f".github/workflows/{name}.yaml"))
    return found


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=[path.stem for path in WORKFLOWS])
def test_actions_are_pinned_by_commit_and_leave_no_credentials(path: Path) -> None:
    for step in steps(read(path.stem)):
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", step["uses"])
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        assert "${{" not in step.get("run", "")  # what an event holds goes through the environment


def test_what_runs_a_strangers_code_may_not_write_and_what_may_write_runs_none() -> None:
    assert read("pipeline")["permissions"] == {"contents": "read"}
    comment = read("comment")
    assert set(comment["on"]) == {"workflow_run"}
    assert not any("checkout" in step.get("uses", "") for step in steps(comment))


@pytest.mark.parametrize("hostile", [
    "![x](https://evil.example/p.png)", "<img src=x onerror=y>", "@everyone", "[click](javascript:x)", "see #12",
    "www.evil.example", "http://evil.example", "\x1b[2J", "a" * 200_000,
])
def test_a_report_becomes_text_alone(hostile: str, tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report/report.md").write_text(f"| metric | value |\n| {hostile} | 1 |\n")
    [run] = [step["run"] for step in steps(read("comment")) if step.get("name") == "Make it harmless"]
    subprocess.run(["bash", "-c", run], cwd=tmp_path, check=True)
    made = (tmp_path / "comment.md").read_text()
    assert made.startswith("| metric | value |\n| ")
    assert not re.search(r"[<@\[!\x1b]|://|www\.|#12", made.replace("&#", ""))
    assert len(made) < 60_000


def test_a_link_in_the_reports_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report/report.md").symlink_to("/etc/hostname")
    [run] = [step["run"] for step in steps(read("comment")) if step.get("name") == "Make it harmless"]
    assert subprocess.run(["bash", "-c", run], cwd=tmp_path).returncode != 0


GH = """#!/bin/bash
case "$*" in
  *artifacts?name=compare*) printf '%s' "$PAGE" ;;
  *pulls/7*) echo tested ;;
  *"pr comment 7 --body-file "*) cat "$5" > posted.md ;;
  *) exit 9 ;;
esac
"""


@pytest.mark.parametrize(("page", "linked"), [("123456", True), ("", False), ("1](http://evil.example)", False)])
def test_the_comment_links_to_the_page_by_a_number_alone(page: str, linked: bool, tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report/number").write_text("7\n")
    (tmp_path / "comment.md").write_text("```\nthe report\n")
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    [run] = [step["run"] for step in steps(read("comment")) if step.get("name") == "Say so on the pull request"]
    given = {"PAGE": page, "RUN": "55", "SERVER": "https://git.example", "GH_REPO": "a/b", "TESTED": "tested"}
    path = f"{tmp_path}:{os.environ['PATH']}"
    subprocess.run(["bash", "-c", run], cwd=tmp_path, check=True, env=os.environ | given | {"PATH": path})
    posted = (tmp_path / "posted.md").read_text()
    link = "[The page of this comparison](https://git.example/a/b/actions/runs/55/artifacts/123456): "
    assert posted.startswith(link) is linked and "evil" not in posted
    assert posted.endswith("```\nthe report\n")


def test_the_page_is_an_artefact_that_no_step_with_rights_downloads() -> None:
    kept = [step["with"] for step in steps(read("pipeline")) if "upload-artifact" in step.get("uses", "")]
    assert {"compare/compare.html", "report"} == {one["path"] for one in kept}
    taken = [step["with"]["name"] for step in steps(read("comment")) if "download-artifact" in step.get("uses", "")]
    assert taken == ["report"]
