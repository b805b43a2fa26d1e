"""Where a domain's description is found."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from synthempathy.core.errors import ParamsError
from synthempathy.domain.description import domain_path, read_domain
from tests.helpers.pairs import ROOT


def test_a_params_file_elsewhere_names_the_domain_of_the_project_that_a_command_runs_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    params = tmp_path / "params.yaml"
    params.write_text("domain: empathy\n")
    monkeypatch.chdir(ROOT)
    assert read_domain(params).rubric.whole == "empathy"
    shutil.copytree(ROOT / "domains/social_norms", tmp_path / "domains/empathy")
    assert domain_path(params) == tmp_path / "domains/empathy/domain.yaml"  # beside the file comes first


def test_a_domain_that_is_nowhere_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("domain: gardens\n")
    with pytest.raises(ParamsError, match=r"no such domain \(got 'gardens'\); there are: none"):
        domain_path(Path("params.yaml"))


def test_a_name_that_no_folder_can_have_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(f"domain: {'g' * 300}\n", encoding="utf-8")
    with pytest.raises(ParamsError, match=r"no such domain.*there are: none"):
        domain_path(tmp_path / "params.yaml")
