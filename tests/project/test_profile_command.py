"""The command that `make repro PROFILE=... DOMAIN=...` runs: what it sets, and what it refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from synthempathy.core.errors import ParamsError
from synthempathy.domain.settings import with_domain
from synthempathy.project.params import load_params
from synthempathy.project.profile_command import command_of, overruled

ROOT = Path(__file__).parents[2]


@pytest.fixture
def params(tmp_path: Path) -> Path:
    for name in ("profiles", "domains"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path / "params.yaml"


def sets(command: list[str]) -> dict[str, str]:
    return dict(part.split("=", 1) for place, part in enumerate(command) if command[place - 1] == "--set-param")


def test_a_profile_alone_leaves_the_domain() -> None:
    assert "domain" not in sets(command_of("smollm2", (), ROOT / "params.yaml"))


def test_a_domain_sets_what_its_description_and_its_settings_say(params: Path) -> None:
    found = sets(command_of("smollm2", ("stats",), params, "social_norms"))
    assert found["domain"] == "social_norms" and found["whole"] == "norm_handling"
    assert found["prompts"] == "domains/social_norms/prompts"
    assert found["scorer.linear.shares"] == "null"


def test_where_both_name_a_prompt_the_profile_decides(params: Path) -> None:
    assert sets(command_of("smollm2", (), params, "social_norms"))["respond.prompt"] == "simple"
    assert sets(command_of("embedded", (), params, "social_norms"))["respond.prompt"] == "norms"


def test_what_the_profile_overrules_is_said(params: Path) -> None:
    said = overruled("smollm2", params, "social_norms")
    assert "seeds.limit is 81, as profiles/smollm2.yaml says, not the domain's 64" in said
    assert "respond.prompt is simple, as profiles/smollm2.yaml says, not the domain's norms" in said
    assert not any(line.startswith(("seeds.path", "domain", "scorer")) for line in said)
    assert overruled("smollm2", params, None) == overruled("embedded", params, "social_norms") == []


def test_an_unknown_domain_is_one_line_with_those_that_there_are(params: Path) -> None:
    with pytest.raises(ParamsError, match=r"no such domain.*social_norm'.*there are: empathy, social_norms"):
        command_of("smollm2", (), params, "social_norm")


def test_a_misspelt_setting_names_its_file_and_line(params: Path) -> None:
    (params.parent / "domains/social_norms/settings.yaml").write_text("seeds:\n  paht: x.csv\n")
    with pytest.raises(ParamsError, match=r"settings.yaml:2: field 'seeds.paht': unknown key; did you mean 'path'"):
        command_of("embedded", (), params, "social_norms")


def test_settings_may_not_say_what_the_description_says(params: Path) -> None:
    (params.parent / "domains/social_norms/settings.yaml").write_text("whole: kindness\n")
    with pytest.raises(ParamsError, match="follows from the description"):
        with_domain(params, "social_norms")


def test_a_data_set_without_a_name_is_called_after_domain_and_profile(params: Path) -> None:
    assert load_params(params).release.name == "synthempathy-embedded"
    assert load_params(params, profile="smollm2").release.name == "synthempathy-smollm2"
    assert load_params(params, profile="paper").release.name == "synthempathy"
