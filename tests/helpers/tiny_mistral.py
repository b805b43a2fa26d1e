"""A tiny random Mistral with a byte-level tokenizer and a chat template, and pairs to train it on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from tests.helpers.params import set_params

ROOT = Path(__file__).parents[2]
SPECIAL = ("<s>", "</s>", "<pad>", "<|system|>", "<|user|>", "<|assistant|>")
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] }}"
    "{% if m['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def tiny_tokenizer(template: str = TEMPLATE) -> Any:
    """One token a byte, and the special ones: any text comes back as it went in."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate([*SPECIAL, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(SPECIAL))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", chat_template=template,
        additional_special_tokens=list(SPECIAL[3:]), clean_up_tokenization_spaces=False,
    )


def tiny_model(positions: int = 512) -> Any:
    from transformers import MistralConfig, MistralForCausalLM, set_seed

    set_seed(5)
    config = MistralConfig(
        vocab_size=len(SPECIAL) + 256, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=positions, sliding_window=None,
        initializer_range=0.2, bos_token_id=0, eos_token_id=1, pad_token_id=2,
    )
    return MistralForCausalLM(config)


def pair(number: int, **fields: object) -> dict[str, object]:
    topic = ("work", "money", "sleep", "rent")[number % 4]
    row = {
        "id": f"p{number:03}", "seed_id": f"s{number % 5}", "category": ("Work", "School")[number % 2],
        "severity": 3.5, "seed": f"Trouble with {topic}.", "story": f"Ann had trouble with {topic}.", "model": "m",
        "explanation": f"I worry about {topic} all day.", "response": f"I am sorry about {topic}. What hurts most?",
        "reasoning": "", "response_model": "writer",
    }
    return row | fields


def write_pairs(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def make_project(folder: Path) -> Path:
    """A folder with params, prompts, the tiny model at models/tiny and a few pairs."""
    params = shutil.copyfile(ROOT / "params.yaml", folder / "params.yaml")
    set_params(params, **{
        "finetune.model": "models/tiny", "finetune.epochs": 2, "finetune.batch_size": 4, "finetune.learning_rate": 0.01,
        "finetune.max_length": 220, "finetune.lora.rank": 4, "finetune.lora.alpha": 8,
        "evaluate.sampling.max_tokens": 24, "evaluate.sampling.temperature": 0.7, "evaluate.pairs": 5,
        "evaluate.bootstrap_samples": 300, "machine.device": "cpu",
    })
    shutil.copytree(ROOT / "profiles", folder / "profiles")
    shutil.copytree(ROOT / "domains", folder / "domains")
    shutil.copytree(ROOT / "prompts", folder / "prompts")
    tiny_model().save_pretrained(folder / "models" / "tiny")
    tiny_tokenizer().save_pretrained(folder / "models" / "tiny")
    write_pairs(folder / "train.jsonl", [pair(i) for i in range(20)])
    write_pairs(folder / "validation.jsonl", [pair(i) for i in range(20, 26)])
    write_pairs(folder / "test.jsonl", [pair(i) for i in range(26, 34)])
    return folder
