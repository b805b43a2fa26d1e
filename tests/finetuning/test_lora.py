"""The base model under the adapter: 4 bits, attention, packing; and what is said where it is not fit for it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from synthempathy.core.errors import ModelError
from synthempathy.finetuning import lora
from synthempathy.llm.params import Training
from tests.helpers.trainings import changed, run, say

pytestmark = pytest.mark.usefixtures("home")
NF4 = changed(quantization="nf4", dtype="bfloat16", lora__target_modules="all-linear")


def test_without_bitsandbytes_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"make install EXTRAS=qlora"):
        lora.load_with_lora(NF4, Training(), "cpu")


@pytest.mark.skipif(importlib.util.find_spec("bitsandbytes") is None, reason="no bitsandbytes here: make install EXTRAS=qlora")
def test_4_bit_weights_are_trained_on_saved_and_loaded_on_whole_ones(home: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, MistralConfig, MistralForCausalLM

    torch.manual_seed(2)
    MistralForCausalLM(MistralConfig(  # 4-bit weights come in blocks of 64
        vocab_size=262, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2,
        initializer_range=0.2, max_position_embeddings=512,
    )).save_pretrained("models/tiny")
    done = run([say("sorry")] * 32, [say("sorry")], NF4)
    assert done.model.base_model.model.is_loaded_in_4bit
    assert done.outcome.best.validation_loss < done.outcome.looks[0].validation_loss - 0.5
    lora.write_adapter(done.model, done.best, home / "adapter", NF4)
    PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained("models/tiny"), "adapter")


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_the_attention_is_the_one_asked_for(attention: str) -> None:
    model = lora.load_with_lora(changed(), Training(attention=attention), "cpu")
    assert model.config._attn_implementation == attention


def test_an_attention_that_is_not_installed_is_one_line() -> None:
    with pytest.raises(ModelError, match="cannot load models/tiny: ") as refused:
        lora.load_with_lora(changed(), Training(attention="flash_attention_2"), "cpu")
    assert "\n" not in str(refused.value)


def test_layers_that_read_over_the_ends_of_packed_pairs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    load = lora.load_model

    def hybrid(*words: object, **options: object) -> object:
        model = load(*words, **options)
        model.config.layer_types = ["linear_attention", "full_attention"]
        return model

    monkeypatch.setattr(lora, "load_model", hybrid)
    with pytest.raises(ModelError, match=r"reads over the ends of packed pairs: set machine\.training\.packing false"):
        lora.load_with_lora(changed(), Training(packing=True), "cpu")
