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


def values(models: list[Model], asked: list[tuple[list[Message], str]], engine: Engine) -> list[float | None]:
    return [one.value for one in perplexities(models, asked, engine, MACHINE)]


def base_and_tuned(model: Path, adapter: Path) -> list[Model]:
    return [Model(str(model)), Model(str(model), adapter=adapter)]


def test_a_model_without_knowledge_is_at_the_size_of_its_vocabulary(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    folder = save_tiny_model(tmp_path / "model")
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    model.lm_head.weight.data.zero_()
    model.save_pretrained(folder)
    models = base_and_tuned(folder, adapter_on(folder, tmp_path / "a", 0))
    assert values(models, texts(), TRANSFORMERS) == pytest.approx([model.config.vocab_size] * 2)


def test_it_is_that_of_the_responses_tokens_after_their_prompt_and_the_adapter_counts(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = save_tiny_model(tmp_path / "model")
    models = base_and_tuned(folder, adapter_on(folder, tmp_path / "a", 0.5))
    base, tuned = values(models, texts()[:1], TRANSFORMERS)
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
    assert values(models[1:], texts()[:1], TRANSFORMERS) == [tuned]  # whether the base came before or not


def test_where_none_can_be_had_it_says_why_and_ends_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save_tiny_model(tmp_path / "model")
    here, nowhere = [Model(str(folder))], [Model(str(tmp_path / "none"))]
    quantized = Engine(backend="vllm", vllm=VllmSettings(quantization="fp8"))
    refused = [Model(str(folder), adapter=tmp_path / "none"), *here]
    for models, asked, engine, why in (
        (nowhere, texts(), Engine(backend="openai"), "engine.backend openai are elsewhere"),
        (nowhere, texts(), quantized, "elsewhere or quantized"),
        (here, [], TRANSFORMERS, "no texts"),
        (here, texts("very long " * 600), TRANSFORMERS, "every text is over the 512 tokens"),
        (nowhere, texts(), TRANSFORMERS, "does not exist"),
        (refused, texts(), TRANSFORMERS, "no adapter_config.json"),
    ):
        first, *others = perplexities(models, asked, engine, MACHINE)
        assert first.value is None and first.reason is not None and why in first.reason
        assert "\n" not in first.reason
        assert all(other.value for other in others)  # the next one is loaded anew
    monkeypatch.setattr("synthempathy.llm.perplexity.free_memory", lambda device: 10.0)
    (small,) = perplexities(here, texts(), TRANSFORMERS, MACHINE)
    assert small.value is None and "GB of weights, 0.0 GB are free" in str(small.reason)
