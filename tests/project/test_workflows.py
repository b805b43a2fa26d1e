"""The workflows: actions by commit, a stranger's code without rights, and its report as nothing but text."""

from __future__ import annotations

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
