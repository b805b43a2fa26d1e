"""A domain of one's own: the skeleton is read without an error, and nothing that is there is written over."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from synthempathy.domain.description import read_description
from synthempathy.llm.prompts import load_prompt
from synthempathy.project.profile_command import command_of
from synthempathy.project.scaffold import new_domain, still_skeletons
from synthempathy.scorers.judge.rubric import read_rubric
from synthempathy.scorers.sources import read_labelled
from synthempathy.seeds.sources import read_sentences
from tests.helpers.pairs import ROOT


@pytest.fixture
def params(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    return Path(shutil.copy(ROOT / "params.yaml", tmp_path))


def test_the_skeleton_is_a_domain_that_every_reader_takes(params: Path) -> None:
    folder = new_domain("garden_talk", params)
    own = read_description(folder / "domain.yaml")
    assert own.corpus.name == "garden_talk" and own.title == "Garden talk"
    assert "NAME" not in (folder / "settings.yaml").read_text(encoding="utf-8")
    assert {s.category for s in read_sentences(folder / "seeds.csv", own.seeds.columns)} == set(own.seeds.categories)
    assert len(read_labelled(folder / "labelled_pairs.csv", dimensions=own.rubric.names).pairs) == 2
    for prompt in (folder / "prompts").rglob("*.jinja"):
        (read_rubric if prompt.parent.name == "judge" else load_prompt)(prompt)


def test_a_run_in_it_sets_what_it_needs(params: Path) -> None:
    new_domain("garden_talk", params)
    shutil.copytree(ROOT / "domains" / "empathy", params.parent / "domains" / "empathy")
    command = command_of("smollm2", (), params, "garden_talk")
    assert {"domain=garden_talk", "whole=quality", "prompts=domains/garden_talk/prompts", "respond.prompt=simple"} <= set(command)


def test_files_that_nobody_has_written_are_known_by_their_bytes(params: Path) -> None:
    folder = new_domain("garden_talk", params)
    files = [folder / "domain.yaml", folder / "seeds.csv", folder / "prompts/respond/plain.jinja", params]
    assert still_skeletons(folder, [*files, *files]) == files[:3]
    for file in files[:2]:
        file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert still_skeletons(folder, files) == [files[2]]


def test_what_is_there_is_kept_and_a_name_that_is_none_is_refused(params: Path) -> None:
    (params.parent / "domains" / "mine").mkdir(parents=True)
    with pytest.raises(InputError, match="is there already"):
        new_domain("mine", params)
    for name in ("Mine", "../up", "a b", ""):
        with pytest.raises(InputError, match="no name for a domain"):
            new_domain(name, params)
    assert not list((params.parent / "domains" / "mine").iterdir())
