"""Which models are on this machine: folders, the hub's cache, packages, servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from synthempathy.core.errors import ModelError
from synthempathy.project.here import models_not_here
from synthempathy.project.params import Params, load_params
from tests.helpers.pairs import ROOT
from tests.helpers.params import set_params

ASKED = {"brainstorm", "explain", "respond", "finetune", "evaluate"}


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from huggingface_hub import constants

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "models/embedded").mkdir(parents=True)
    (tmp_path / "models/embedded/config.json").write_text("{}")
    return tmp_path / "cache"


def with_params(tmp_path: Path, **changes: object) -> Params:
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    if not (tmp_path / "profiles").exists():
        (tmp_path / "profiles").symlink_to(ROOT / "profiles")
        (tmp_path / "domains").symlink_to(ROOT / "domains")
    return load_params(set_params(tmp_path / "params.yaml", **changes))


def test_the_default_s_models_are_here_and_a_folder_that_is_not_is_named(tmp_path: Path) -> None:
    assert models_not_here(with_params(tmp_path)) == {}
    absent = models_not_here(with_params(tmp_path, **{"finetune.model": "models/big"}))
    assert absent == dict.fromkeys(("finetune", "evaluate"), "models/big is not on this machine")


def test_a_model_of_the_hub_is_here_once_its_cache_holds_it(tmp_path: Path, empty_cache: Path) -> None:
    commit = "c" * 40
    params = with_params(tmp_path, **{"respond.model": "org/name", "respond.revision": commit})
    assert models_not_here(params) == {"respond": "org/name is not in this machine's cache of the hub"}
    snapshot = empty_cache / "models--org--name" / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    assert models_not_here(params) == {}


def test_a_server_that_does_not_answer_is_no_model_here(tmp_path: Path) -> None:
    params = with_params(tmp_path, **{
        "respond.engine": {"backend": "openai", "openai": {"base_url": "http://127.0.0.1:9/v1"}},
    })
    assert "no server at http://127.0.0.1:9/v1" in models_not_here(params)["respond"]


def test_an_encoder_and_a_guard_count_for_their_stages(tmp_path: Path) -> None:
    absent = models_not_here(with_params(tmp_path, **{
        "filter.guard.model": "models/guard", "dedup.semantic.enabled": True, "dedup.semantic.model": "models/encoder",
    }))
    assert absent == {"filter": "models/guard is not on this machine", "dedup": "models/encoder is not on this machine"}


def test_a_folder_of_something_else_is_a_mistake_and_not_an_absence(tmp_path: Path) -> None:
    (tmp_path / "models/odd").mkdir()
    with pytest.raises(ModelError, match=r"no config\.json in this folder"):
        models_not_here(with_params(tmp_path, **{"respond.model": "models/odd"}))
