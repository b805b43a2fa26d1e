"""A merged model of every family answers in vLLM as in transformers at temperature 0. (Its training: tests/finetuning.)"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from synthempathy.llm.backends import Request, open_backend
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Sampling
from tests.helpers.tiny_families import FAMILIES, save_tiny

pytestmark = [
    pytest.mark.filterwarnings("default"),  # vLLM and what it imports warn of each other
    pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="no vllm here; .ci/install-engines makes .venv-engines"),
]
GREEDY = Sampling(temperature=0.0, top_p=1.0, max_tokens=24, seed=1)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_merged_model_says_in_vllm_what_it_says_in_transformers(
    settings, family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from synthempathy.finetuning.merge_command import merge

    monkeypatch.chdir(tmp_path)
    save_tiny(family, Path("base"))
    torch.manual_seed(3)
    config = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False)
    get_peft_model(AutoModelForCausalLM.from_pretrained("base", dtype=torch.float32), config).save_pretrained("adapter")
    merge(Path("adapter"), Path("merged"), "float32")

    asked, machine = settings
    said = {}
    for name, engine in (("vllm", asked), ("transformers", asked.model_copy(update={"backend": "transformers"}))):
        for model in ("merged", "base"):
            if (name, model) != ("vllm", "base"):
                opened = open_backend(Model(model), engine, machine)
                said[name, model] = {one.id: one.text for one in opened.complete(requests(), GREEDY)}
                opened.close()
    assert said["vllm", "merged"] == said["transformers", "merged"] != said["transformers", "base"]


def requests() -> list[Request]:
    return [Request(f"row-{i}", [{"role": "user", "content": "I missed the bus. " * (1 + i)}], seed=i) for i in range(8)]
