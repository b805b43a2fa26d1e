"""Perplexity: a model that knows nothing is at its vocabulary's size; one that was tuned to the text is better."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, VllmSettings
from synthempathy.llm.perplexity import perplexities
from synthempathy.llm.prompts import Message, load_prompt
from synthempathy.project.params import load_params
from tests.helpers.tiny_model import save_tiny_model

ROOT = Path(__file__).parents[2]


MACHINE = load_params(ROOT / "params.yaml").machine.model_copy(update={"device": "cpu"})
TRANSFORMERS = Engine(backend="transformers")
RESPONSE = "I feel for you. What did he say?"


def texts(response: str = RESPONSE) -> list[tuple[list[Message], str]]:
    prompt = load_prompt(ROOT / "prompts" / "respond" / "plain.jinja")
    return [(prompt.messages(explanation=f"My boss shouted {i} times."), response) for i in range(3)]


def adapter_on(model: Path, folder: Path, scale: float) -> Path:
    """An adapter that moves the model's weights by random numbers of this size."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    tuned: Any = get_peft_model(
        AutoModelForCausalLM.from_pretrained(model), LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM"),
    )
    torch.manual_seed(1)
    for name, weight in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=scale) if scale else None
    tuned.save_pretrained(folder)
    return folder


def base_and_tuned(model: Path, adapter: Path) -> list[Model]:
    return [Model(str(model)), Model(str(model), adapter=adapter)]


def test_a_model_without_knowledge_is_at_the_size_of_its_vocabulary(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    folder = save_tiny_model(tmp_path / "model")
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    model.lm_head.weight.data.zero_()
    model.save_pretrained(folder)
    models = base_and_tuned(folder, adapter_on(folder, tmp_path / "a", 0))
    assert perplexities(models, texts(), TRANSFORMERS, MACHINE) == pytest.approx([model.config.vocab_size] * 2)


def test_it_is_that_of_the_responses_tokens_after_their_prompt_and_the_adapter_counts(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = save_tiny_model(tmp_path / "model")
    models = base_and_tuned(folder, adapter_on(folder, tmp_path / "a", 0.5))
    base, tuned = perplexities(models, texts()[:1], TRANSFORMERS, MACHINE)
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    text = tokenizer.apply_chat_template(texts()[0][0], add_generation_prompt=True, tokenize=False)
    prompt = tokenizer(text, add_special_tokens=False)["input_ids"]
    response = tokenizer(RESPONSE, add_special_tokens=False)["input_ids"]
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    with torch.inference_mode():
        logs = model(torch.tensor([prompt + response])).logits[0].double().log_softmax(-1)
    losses = [-float(logs[len(prompt) + i - 1, token]) for i, token in enumerate(response)]
    assert base == pytest.approx(float(torch.tensor(losses).mean().exp()), rel=1e-4)
    assert tuned != pytest.approx(base, rel=1e-3)
    assert perplexities(models[1:], texts()[:1], TRANSFORMERS, MACHINE) == [tuned]  # whether the base came before or not


def test_where_the_weights_are_elsewhere_or_nothing_fits_there_is_no_figure(tmp_path: Path) -> None:
    nowhere = base_and_tuned(tmp_path / "none", tmp_path / "none")
    assert perplexities(nowhere, texts(), Engine(backend="openai"), MACHINE) == [None, None]
    quantized = Engine(backend="vllm", vllm=VllmSettings(quantization="fp8"))
    assert perplexities(nowhere, texts(), quantized, MACHINE) == [None, None]
    assert perplexities(nowhere, [], TRANSFORMERS, MACHINE) == [None, None]
    folder = save_tiny_model(tmp_path / "model")
    assert perplexities([Model(str(folder))], texts("very long " * 600), TRANSFORMERS, MACHINE) == [None]
