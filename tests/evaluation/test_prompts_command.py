"""The prompts side by side: one experiment each, in turn, and tables made from them."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from synthempathy.evaluation.prompts_command import add_arguments, run
from tests.helpers.made_scores import COE_CBT, PLAIN, git, scored, write_table

SYSTEM = {"er": 1.0, "ip": 0.5, "ex": 0.25, "mean": 0.58333, "words_mean": 151.6}


def figures(gain: float | None, equal: float | None) -> dict[str, object]:
    systems = {system: SYSTEM | {"ex": 0.25 if system == "tuned" else 1.25} for system in ("base", "tuned", "corpus")}
    return {**systems, "gain_percent": gain, "gain_equal_length": {"gain_percent": equal}}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git project with three prompts and a `dvc` that writes its arguments down and makes no experiment."""
    (tmp_path / "prompts" / "respond").mkdir(parents=True)
    for name in ("coe_cbt", "coe_rt", "plain"):
        (tmp_path / "prompts" / "respond" / f"{name}.jinja").write_text("x", encoding="utf-8")
    tool = tmp_path / "bin" / "dvc"
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\necho "$@" >> asked\ncase "$*" in *run*=coe_rt) exit 1;; esac\n', encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/small.yaml").write_text("{}\n", encoding="utf-8")
    (tmp_path / "params.yaml").write_text("profile: small\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "-b", "main")
    return tmp_path


def prompts(*arguments: str) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    run(parser.parse_args(arguments))


def experiment(project: Path, name: str, means: tuple[float, ...], draw: int, found: dict[str, object]) -> None:
    rows = scored(means, draw=draw)
    write_table(project / "metrics" / "empathy_scores.csv", rows)
    (project / "metrics" / "empathy.json").write_text(json.dumps(found), encoding="utf-8")
    git(project, "add", "metrics")
    git(project, "commit", "-m", name)
    git(project, "update-ref", f"refs/exps/ab/{'c' * 38}/prompt-{name}", "HEAD")


def test_a_domain_has_prompts_of_its_own(project: Path) -> None:
    (project / "params.yaml").write_text("profile: small\nprompts: own\n", encoding="utf-8")
    (project / "own/respond").mkdir(parents=True)
    (project / "own/respond/norms.jinja").write_text("x", encoding="utf-8")
    prompts("--run")
    assert "respond.prompt=norms" in (project / "asked").read_text(encoding="utf-8")
    with pytest.raises(InputError, match=r"own.*no such prompt.*coe_cbt.*there are: norms"):
        prompts("coe_cbt", "--run")


def test_each_prompt_is_run_under_its_name_plain_first_and_the_workspace_left_alone(project: Path) -> None:
    prompts("coe_cbt", "plain", "--out", "out.md", "--run")
    runs = [line for line in (project / "asked").read_text(encoding="utf-8").splitlines() if " run " in line]
    assert runs == [
        f"exp run --temp --name prompt-{name} --set-param respond.prompt={name}" for name in ("plain", "coe_cbt")
    ]
    assert not (project / "out.md").exists()


def test_the_tables_say_what_each_prompt_gave_and_which_differences_are_significant(
    project: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    experiment(project, "plain", PLAIN, 1, figures(120.4, None))
    experiment(project, "coe_cbt", COE_CBT, 2, figures(700.2, 650.6))
    prompts("plain", "coe_cbt", "--table")
    lines = (project / "metrics" / "prompts.md").read_text(encoding="utf-8").splitlines()
    assert lines[2] == (
        "| `plain` | 1.00 | 0.50 | 1.25 | 0.58 | 152 | 1.00 | 0.50 | 0.25 | 0.58 | 152 | +120% | not defined |"
    )
    assert lines[3].endswith("| +700% | +651% |")
    assert {line.count("|") for line in lines[:4]} == {14}
    row = lines[-1].split("|")
    assert [cell.strip() for cell in row[1:4]] == ["`plain`", "`coe_cbt`", "44"]
    assert all(cell.strip().startswith("**+") for cell in row[4:8])
    assert capsys.readouterr().out.splitlines()[0] == lines[0]
    assert not (project / "asked").exists()


def test_what_is_not_significant_is_not_bold(project: Path) -> None:
    experiment(project, "plain", COE_CBT, 1, figures(1.0, 1.0))
    experiment(project, "coe_cbt", COE_CBT, 2, figures(1.0, 1.0))
    prompts("plain", "coe_cbt", "--table", "--out", "prompts.md")
    lines = (project / "prompts.md").read_text(encoding="utf-8").splitlines()
    assert "**" not in lines[-1]


def test_mistakes_are_one_line_and_leave_the_table(project: Path) -> None:
    out = project / "prompts.md"
    out.write_text("earlier", encoding="utf-8")
    for names, message in (
        (["coe_xyz"], "no such prompt (got 'coe_xyz'); there are: plain, coe_cbt, coe_rt"),
        (["plain"], "no such git revision, DVC experiment or evaluation file (got 'prompt-plain')"),
        (["coe_rt"], "the experiment failed, see above (got 'coe_rt')"),
    ):
        with pytest.raises(InputError) as caught:
            prompts(*names, "--out", "prompts.md", *([] if names == ["coe_rt"] else ["--table"]))
        assert message in str(caught.value)
    assert out.read_text(encoding="utf-8") == "earlier"
