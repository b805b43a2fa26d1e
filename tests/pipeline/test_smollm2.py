"""A real pre-trained model (SmolLM2, 135M) through generation, one LoRA step and evaluation, by transformers."""

from __future__ import annotations

import json
from pathlib import Path

from synthempathy.core.records import Pair
from synthempathy.generation.checks import unusable
from synthempathy.generation.params import Respond
from synthempathy.project.params import load_params
from tests.helpers.empathy import DOMAIN
from tests.helpers.pairs import ROOT
from tests.helpers.smollm2 import few_rows


def test_a_real_model_goes_from_seeds_to_scores(smollm2: Path, tmp_path: Path) -> None:
    found = few_rows(tmp_path, smollm2, {"engine.backend": "transformers"})
    for step in ("brainstorm", "explain", "respond"):
        assert found[step]["rows_in"] == found[step]["rows_out"] + sum(found[step]["dropped"].values())
    assert found["respond"]["rows_out"] >= 1
    assert found["finetune"]["train_pairs"] == found["respond"]["rows_out"]
    assert 0 <= found["evaluate"]["tuned"]["mean"] <= 2
    assert found["evaluate"]["base"]["perplexity"] > 1
    settings = load_params(ROOT / "params.yaml", profile="smollm2").respond
    assert isinstance(settings, Respond)
    for line in (tmp_path / "responses.jsonl").read_text(encoding="utf-8").splitlines():
        pair = Pair.model_validate(json.loads(line))
        assert unusable(pair.response, "response", settings, "", DOMAIN.wording) is None
        assert not any(mark in pair.response + pair.explanation + pair.story for mark in ("<|", "**", "Sure", "word count"))
