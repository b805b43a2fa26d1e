"""What a release was made with: the models that params name, the pinned software, and a licence for each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stages.release import SECTIONS
from synthempathy.project.params import load_params
from synthempathy.release.bill import UNKNOWN, bill_of_materials, licence_list, models_of
from tests.helpers.pairs import ROOT


def params(profile: str = "embedded", **changed: dict[str, Any]) -> dict[str, Any]:
    """The sections of a release, with values of some changed."""
    found = load_params(ROOT / "params.yaml", profile=profile).model_dump(include=set(SECTIONS))
    for section, values in changed.items():
        found[section] |= values
    return found


def test_a_model_is_named_once_with_all_that_it_did() -> None:
    found = models_of(params())
    assert found == {("models/embedded", None): ["stories", "explanations", "responses", "base model of the evaluation"]}


def test_every_place_that_may_name_a_model_is_looked_at() -> None:
    asked = params()
    asked["respond"]["models"] = [{"model": "org/a", "revision": "c1", "weight": 1.0, "engine": None}]
    asked["dedup"]["semantic"] |= {"enabled": True, "model": "org/b"}
    asked["filter"]["guard"]["model"] = "org/c"
    asked["filter"]["classifier"]["transformer"]["model"] = "org/d"
    asked["scorer"]["kind"] = "judge"
    asked["evaluate"]["also"] = [{"name": "big", "model": "org/e", "revision": None, "adapter": None}]
    found = models_of(asked)
    assert found[asked["scorer"]["judge"]["model"], None] == ["scores"]
    assert {name: revision for name, revision in found if name.startswith("org/")} == {
        "org/a": "c1", "org/b": None, "org/c": None, "org/d": None, "org/e": None,
    }
    asked["scorer"]["kind"] = "embeddings"
    assert ["scores"] in models_of(asked).values()


def test_models_stand_in_the_bill_beside_the_software() -> None:
    bill = json.loads(bill_of_materials(params("paper")))
    assert bill["bomFormat"] == "CycloneDX" and len({one["bom-ref"] for one in bill["components"]}) == len(bill["components"])
    models = {one["name"]: one["licenses"] for one in bill["components"] if one["type"] == "machine-learning-model"}
    assert models["mistralai/Mistral-7B-v0.1"] == [{"license": {"id": "Apache-2.0"}}]
    assert models["meta-llama/Llama-2-13b-chat-hf"] == [{"license": {"name": "Llama 2 Community License"}}]
    assert {"torch", "dvc", "transformers"} <= {one["name"] for one in bill["components"]}


def test_a_model_that_nobody_knows_is_listed_as_such() -> None:
    text = licence_list(params(finetune={"model": "org/a|b", "revision": "c0ffee"}))
    assert f"| `org/a\\|b` at `c0ffee` | base model of the evaluation | {UNKNOWN} |" in text.splitlines()
    assert "| `models/embedded` | stories, explanations, responses | MIT |" in text.splitlines()
    assert any(line.startswith("| torch | 2.13.0 | ") for line in text.splitlines())


@pytest.mark.parametrize("profile", sorted(path.stem for path in (ROOT / "profiles").glob("*.yaml")))
def test_the_licence_of_every_model_that_a_profile_names_is_known(profile: str) -> None:
    assert UNKNOWN not in licence_list(params(profile))


def test_neither_names_this_machine() -> None:
    text = bill_of_materials(params()) + licence_list(params())
    assert str(Path.home()) + "/" not in text and str(ROOT) not in text
