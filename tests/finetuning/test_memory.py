"""The estimate against what torch keeps, and what is refused before anything is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from synthempathy.core.errors import ModelError
from synthempathy.finetuning import lora
from synthempathy.finetuning.batches import Shares, padded
from synthempathy.finetuning.examples import TokenizedExample
from synthempathy.finetuning.loss import response_loss
from synthempathy.finetuning.memory import adapter_parameters, bare_model, check_memory, estimate
from synthempathy.llm.params import Training
from tests.helpers.trainings import SETTINGS, changed

LLAMA_7B = {
    "model_type": "mistral", "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
    "num_attention_heads": 32, "num_key_value_heads": 8,
}
PAPER = changed(
    model="m", dtype="bfloat16", batch_size=8, max_length=1024, lora__rank=16,
    lora__target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
)


def bare(**values: Any) -> Any:
    kind = values.pop("model_type")
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **values))


def kept_by_torch(model: Any, batch: dict[str, torch.Tensor]) -> int:
    """Bytes of what the backward pass needs, the model's own weights left out, each storage once."""
    own = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    found: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        place = tensor.untyped_storage()
        if place.data_ptr() not in own:
            found[place.data_ptr()] = place.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = response_loss(model, batch)
    del loss
    return sum(found.values())


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("spares", [False, True])
@pytest.mark.parametrize("kind", ["mistral", "llama", "qwen3", "gemma"])
def test_the_activations_are_near_what_torch_keeps(kind: str, dtype: str, spares: bool) -> None:
    settings = changed(
        model="m", dtype=dtype, batch_size=4, max_length=128, lora__dropout=0.05,
        lora__target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
    )
    shape = {"vocab_size": 130, "hidden_size": 128, "intermediate_size": 384, "num_hidden_layers": 6, "num_attention_heads": 4,
             "num_key_value_heads": 2, "head_dim": 32}
    config = AutoConfig.for_model(kind, **shape)
    torch.manual_seed(1)
    model = lora.with_lora(AutoModelForCausalLM.from_config(config).to(getattr(torch, dtype)), settings).train()
    if spares:
        lora.enable_gradient_checkpointing(model)
    batch = padded([TokenizedExample(list(range(1, 129)), 64)] * 4)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == "bfloat16"):
        measured = kept_by_torch(model, batch)
    found = estimate(bare(model_type=kind, **shape), settings, Training(), Shares(4), spares=spares, response_share=0.5)
    if spares:  # the estimate also holds the one layer that is made anew, which this does not see
        of_layers = 6 * 4 * 128 * 128 * (4 if dtype == "float32" else 2)
        assert of_layers < measured < 1.6 * of_layers < found.activations
    else:
        assert measured == pytest.approx(found.activations, rel=0.15)


def test_weights_and_adapter_are_counted_exactly(home: Path) -> None:
    model = lora.load_with_lora(changed(), Training(), "cpu")
    layers = bare_model("models/tiny", None)
    assert adapter_parameters(layers, SETTINGS) == model.get_nb_trainable_parameters()[0]
    found = estimate(layers, SETTINGS, Training(), Shares(4), spares=False)
    assert found.weights == 4 * sum(weight.numel() for weight in model.base_model.parameters() if not weight.requires_grad)
    assert found.adapter == 16 * model.get_nb_trainable_parameters()[0]
    assert found.total == found.weights + found.adapter + found.activations + found.logits


@pytest.mark.parametrize("variant", [{"lora__dora": True}, {"lora__target_modules": "all-linear"}])
def test_the_adapter_of_every_variant_is_counted_exactly(home: Path, variant: dict[str, Any]) -> None:
    settings = changed(**variant)
    model = lora.load_with_lora(settings, Training(), "cpu")
    assert adapter_parameters(bare_model("models/tiny", None), settings) == model.get_nb_trainable_parameters()[0]


def test_a_7b_at_the_papers_settings_fits_80_gb_and_in_4_bits_24_gb() -> None:
    layers = bare(**LLAMA_7B)
    whole = estimate(layers, PAPER, Training(), Shares(8), spares=True)
    assert whole.weights == pytest.approx(14.5e9, rel=0.01)
    assert whole.total < 30e9
    small = estimate(layers, changed(PAPER, quantization="nf4"), Training(), Shares(8, at_once=2), spares=True)
    assert small.weights == pytest.approx(4.1e9, rel=0.05)
    assert small.total < 12e9
    assert estimate(layers, PAPER, Training(), Shares(8), spares=False).activations > 5 * whole.activations
    assert estimate(layers, PAPER, Training(), Shares(8), spares=True, shards=8).weights == whole.weights / 8


def test_a_base_model_larger_than_the_memory_is_refused_before_loading(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synthempathy.finetuning.memory.free_memory", lambda device: 1e5)
    with pytest.raises(ModelError) as refused:
        check_memory(SETTINGS, Training(), Shares(4), "cpu", spares=False, shards=1)
    said = str(refused.value)
    assert said.startswith("models/tiny needs 0.00 GB: weights 0.00, adapter and optimizer 0.00")
    assert "finetune.quantization nf4" in said and "\n" not in said


def test_a_training_that_may_not_fit_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fits = check_memory(SETTINGS, Training(), Shares(4), "cpu", spares=False, shards=1)
    assert fits is not None and not capsys.readouterr().err
    check_memory(SETTINGS, Training(), Shares(4), "cpu", spares=False, shards=1, at_hand=fits.total - 1)
    assert "may need" in capsys.readouterr().err
