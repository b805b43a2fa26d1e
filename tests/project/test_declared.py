"""dvc.yaml against the code: this project's declarations are exact, and each kind of fault is found on a copy."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from synthempathy.project.declared import MOST_DECLARED, compared
from tests.helpers.params import set_params

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Code, params and pipelines of this project, without its data."""
    for name in ("stages", "synthempathy", "profiles", "domains"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (".dvcignore", "dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def append(path: Path, text: str) -> None:
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{text}\n", encoding="utf-8")


def found(project: Path) -> list[str]:
    return [str(error).removeprefix(f"{project}/") for error in compared(project)[1]]


def test_this_project_declares_what_it_uses() -> None:
    rows, findings = compared(ROOT)
    assert not findings, "\n".join(map(str, findings))
    assert all(1 <= row.ratio <= MOST_DECLARED for row in rows)


@pytest.mark.parametrize("changes", [
    {"scorer.kind": "judge"}, {"scorer.kind": "embeddings"}, {"scorer.kind": "biencoder"}, {"filter.guard.model": "org/guard"},
    {"filter.classifier.transformer.model": "org/hate"}, {"engine.backend": "openai", "scorer.kind": "judge"},
])
def test_what_params_alone_bring_in_needs_no_edit_of_dvc_yaml(project: Path, changes: dict[str, object]) -> None:
    set_params(project / "params.yaml", **changes)
    assert found(project) == []


def test_code_that_is_used_and_not_declared(project: Path) -> None:
    """An import inside a function, of a folder that no dep of split covers; and a stage's own module."""
    append(project / "stages/split.py", "def _later() -> None:\n    from synthempathy.llm import chat")
    edit(project / "dvc.yaml", "      - stages/dedup.py\n", "")
    errors = found(project)
    assert any("split: uses chat.py" in line and "by stages/split.py" in line and "add to its deps" in line for line in errors)
    assert any("dedup: uses dedup.py of stages" in line and "add to its deps: stages/dedup.py" in line for line in errors)


def test_data_beside_the_code_is_code(project: Path) -> None:
    edit(project / "dvc.yaml", "      - synthempathy/release\n", "      - synthempathy/release/card.py\n")
    assert any("release: uses" in line and "card.md.jinja" in line for line in found(project))


def test_code_declared_beyond_what_is_used(project: Path) -> None:
    edit(project / "dvc.yaml", "      - synthempathy/split\n", "      - synthempathy\n")
    (line,) = (line for line in found(project) if " split: " in line)
    assert "modules, uses" in line and "in place of synthempathy name: " in line


def test_code_declared_and_not_used_or_not_there(project: Path) -> None:
    own = "      - synthempathy/split\n"
    edit(project / "dvc.yaml", own, f"{own}      - synthempathy/seeds\n      - stages/gone.py\n")
    errors = found(project)
    assert any("split: declares synthempathy/seeds, and nothing of it is used" in line for line in errors)
    assert any("split: declares stages/gone.py, which is not there" in line for line in errors)


def test_code_that_dvc_does_not_see(project: Path) -> None:
    (project / ".dvcignore").write_text("*.part\nsources.py\n/synthempathy/split/params.py\n")
    errors = found(project)
    assert any("seeds: uses sources.py" in line for line in errors)
    assert any("split: uses params.py of synthempathy/split" in line for line in errors)


def test_a_section_that_is_read_and_not_declared(project: Path) -> None:
    append(project / "stages/split.py", 'read_params(Path()).section("stats", Split)')
    assert [line.partition(": split: ")[2] for line in found(project) if ": split: " in line] == [
        "reads stats, not declared of params.yaml; add to its params",
        "reads stats, not declared of profiles/embedded.yaml; add to its params",
    ]


def test_a_section_that_is_declared_and_not_read(project: Path) -> None:
    edit(project / "dvc.yaml", "params: [split, ", "params: [split, machine, seeds.limit, profile, ")
    assert [line.partition(": split: ")[2] for line in found(project) if ": split: " in line] == [
        "declares machine, profile, seeds of params.yaml, not read; take out of its params",
    ]


def test_the_command_prints_a_table_and_fails_with_a_line_for_each_finding(project: Path) -> None:
    edit(project / "dvc.yaml", "      - stages/dedup.py\n", "")
    edit(project / "dvc.yaml", "params: [split, ", "params: [split, machine, ")
    command = [sys.executable, "-m", "synthempathy", "deps"]
    result = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "brainstorm" in result.stdout and "ratio" in result.stdout
    lines = result.stderr.splitlines()
    assert len(lines) == 2 and all(line.startswith("error: dvc.yaml:") for line in lines), result.stderr
