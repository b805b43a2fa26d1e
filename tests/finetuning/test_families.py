"""Every family: trained, saved, loaded by PEFT, merged, and loaded again, with the same words. (vLLM's half: tests/engines.)"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.helpers.params import set_params
from tests.helpers.tiny_families import FAMILIES, save_tiny
from tests.helpers.tiny_mistral import pair, write_pairs

TAUGHT = "Oh no."


@pytest.fixture(params=FAMILIES)
def tuned(request: pytest.FixtureRequest, project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project after a fine-tuning of the family's model on one response to everything."""
    from stages.finetune import finetune

    save_tiny(request.param, project / "models/base")
    set_params(project / "params.yaml", **{
        "finetune.model": "models/base", "finetune.epochs": 6, "finetune.learning_rate": 0.03, "finetune.patience": 6,
        "finetune.max_length": 400, "finetune.lora.target_modules": "all-linear",
    })
    for name, numbers in (("train", range(40)), ("validation", range(40, 44))):
        write_pairs(project / f"{name}.jsonl", [pair(i, response=TAUGHT) for i in numbers])
    monkeypatch.chdir(project)
    try:
        paths = map(Path, ("train.jsonl", "validation.jsonl", "adapter", "finetune.json", "loss.csv"))
        finetune(*paths, params=Path("params.yaml"))
    finally:
        torch.use_deterministic_algorithms(False)
    return project


def logits(model: Any, ids: list[int]) -> torch.Tensor:
    with torch.no_grad():
        return model.eval()(input_ids=torch.tensor([ids])).logits[0]


def test_it_learns_is_loaded_by_peft_and_merged(tuned: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from synthempathy.finetuning.merge_command import merge
    from synthempathy.llm.chat import prompt_ids
    from synthempathy.llm.prompts import load_prompt

    figures = json.loads(Path("finetune.json").read_text())
    assert figures["validation_loss"] < figures["validation_loss_before"] - 1
    merge(Path("adapter"), Path("merged"), "float32", shard_gb=0.0001)
    assert len(list(Path("merged").glob("*.safetensors"))) > 1
    tokenizer = AutoTokenizer.from_pretrained("merged")
    asked = load_prompt(Path("prompts/respond/plain.jinja")).messages(explanation="I worry about work all day.")
    ids = prompt_ids(tokenizer, asked)
    with_adapter = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained("models/base", dtype=torch.float32), "adapter")
    merged = AutoModelForCausalLM.from_pretrained("merged", dtype=torch.float32)
    torch.testing.assert_close(logits(merged, ids), logits(with_adapter, ids), rtol=1e-3, atol=1e-3)
    said = merged.generate(torch.tensor([ids]), max_new_tokens=12, do_sample=False)[0, len(ids) :]
    assert tokenizer.decode(said, skip_special_tokens=True) == TAUGHT
