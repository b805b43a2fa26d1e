"""Perplexity: a model that knows nothing is at its vocabulary's size; one that was tuned to the text is better."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from synthempathy.core.records import Pair
from synthempathy.evaluation.arms import Arm
from synthempathy.evaluation.perplexity import perplexities
from synthempathy.llm.prompts import Prompt, load_prompt
from synthempathy.project.params import Params, load_params
from tests.helpers.tiny_model import save_tiny_model

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def prompt() -> Prompt:
    return load_prompt(ROOT / "prompts" / "respond" / "plain.jinja")


def params(**engine: Any) -> Params:
    settings = load_params(ROOT / "params.yaml")
    return settings.model_copy(update={"engine": settings.engine.model_copy(update=engine)})


def pairs(response: str = "I feel for you. What did he say?") -> list[Pair]:
    return [
        Pair(id=f"p{i}", seed_id="s", category="Work", seed="s", story="s", model="m", reasoning="",
             explanation=f"My boss shouted {i} times.", response=response)
        for i in range(3)
    ]


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


def arms(model: Path, adapter: Path) -> list[Arm]:
    return [Arm("base", str(model), None, None), Arm("tuned", str(model), None, adapter)]


def test_a_model_without_knowledge_is_at_the_size_of_its_vocabulary(tmp_path: Path, prompt: Prompt) -> None:
    from transformers import AutoModelForCausalLM

    folder = save_tiny_model(tmp_path / "model")
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    model.lm_head.weight.data.zero_()
    model.save_pretrained(folder)
    found = perplexities(arms(folder, adapter_on(folder, tmp_path / "a", 0)), pairs(), prompt, params())
    assert found == pytest.approx({"base": model.config.vocab_size, "tuned": model.config.vocab_size})


def test_it_is_that_of_the_responses_tokens_after_their_prompt_and_the_adapter_counts(
    tmp_path: Path, prompt: Prompt,
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = save_tiny_model(tmp_path / "model")
    found = perplexities(arms(folder, adapter_on(folder, tmp_path / "a", 0.5)), pairs()[:1], prompt, params())
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    text = tokenizer.apply_chat_template(
        prompt.messages(explanation=pairs()[0].explanation), add_generation_prompt=True, tokenize=False,
    )
    asked = tokenizer(text, add_special_tokens=False)["input_ids"]
    told = tokenizer(pairs()[0].response, add_special_tokens=False)["input_ids"]
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    with torch.inference_mode():
        logs = model(torch.tensor([asked + told])).logits[0].double().log_softmax(-1)
    losses = [-float(logs[len(asked) + i - 1, token]) for i, token in enumerate(told)]
    assert found["base"] == pytest.approx(float(torch.tensor(losses).mean().exp()), rel=1e-4)
    assert found["tuned"] != pytest.approx(found["base"], rel=1e-3)


def test_where_the_weights_are_elsewhere_or_nothing_fits_there_is_no_figure(tmp_path: Path, prompt: Prompt) -> None:
    nowhere = arms(tmp_path / "none", tmp_path / "none")
    assert perplexities(nowhere, pairs(), prompt, params(backend="openai")) == {"base": None, "tuned": None}
    folder = save_tiny_model(tmp_path / "model")
    long = arms(folder, adapter_on(folder, tmp_path / "a", 0))
    assert perplexities(long, pairs("very long " * 600), prompt, params()) == {"base": None, "tuned": None}
