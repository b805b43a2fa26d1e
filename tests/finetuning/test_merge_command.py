"""The verb merge: what it refuses, and what it writes. (Every family: test_families.py.)"""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from synthempathy.core.errors import InputError, ModelError
from synthempathy.finetuning.merge_command import merge
from tests.helpers.tiny_model import save_tiny_model


@pytest.fixture
def adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    monkeypatch.chdir(tmp_path)
    save_tiny_model(Path("base"))
    model = AutoModelForCausalLM.from_pretrained("base", dtype=torch.float32)
    config = LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM", init_lora_weights=False, use_dora=True)
    get_peft_model(model, config).save_pretrained("adapter")
    return Path("adapter")


def test_it_writes_weights_tokenizer_template_and_card(adapter: Path) -> None:
    merge(adapter, Path("merged"), "bfloat16")
    names = {path.name for path in Path("merged").iterdir()}
    assert names >= {"model.safetensors", "config.json", "tokenizer.json", "chat_template.jinja", "README.md"}
    assert {weight.dtype for weight in load_file("merged/model.safetensors").values()} == {torch.bfloat16}
    card = Path("merged/README.md").read_text(encoding="utf-8")
    assert "base_model: base" in card and "DoRA adapter (rank 2)" in card and "bfloat16" in card
    with pytest.raises(InputError, match="merged: is there already; remove it"):
        merge(adapter, Path("merged"))


def test_the_base_models_own_dtype_is_the_default(adapter: Path) -> None:
    merge(adapter, Path("merged"))
    assert json.loads(Path("merged/config.json").read_text())["dtype"] == "float32"


def test_what_is_no_adapter_is_one_line(adapter: Path) -> None:
    with pytest.raises(ModelError, match=r"base: no adapter_config\.json in this folder"):
        merge(Path("base"), Path("merged"))
    (adapter / "adapter_config.json").write_text("[]")
    with pytest.raises(ModelError, match="not the config of a LoRA adapter"):
        merge(adapter, Path("merged"))


def test_weights_that_are_no_numbers_are_refused_and_nothing_is_written(adapter: Path) -> None:
    weights = load_file(adapter / "adapter_model.safetensors")
    next(iter(weights.values()))[0, 0] = math.nan
    save_file(weights, adapter / "adapter_model.safetensors")
    with pytest.raises(ModelError, match="adapter: cannot be merged"):
        merge(adapter, Path("merged"))
    assert not Path("merged").exists()
