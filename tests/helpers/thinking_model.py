"""Tiny models that were taught one answer each, in the way in which a family thinks: real weights, template and decoding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from synthempathy.demo_model.tokenizer import train_tokenizer

REPLY = "I am sorry. You lost the job that you loved, and it must hurt. What will you miss most?"
_THOUGHT = "The user lost a job. I should name the feeling, then ask."


@dataclass(frozen=True)
class Family:
    """A family's control tokens, its template in short, and what the model answers to anything, up to the end token."""

    tokens: tuple[str, ...]
    template: str
    answer: str
    end: str


_CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
FAMILIES = {
    # Thinks although it was told not to: as Qwen3 does where the argument is not known, and its distilled kin.
    "qwen3": Family(
        ("<|im_start|>", "<|im_end|>", "<think>", "</think>"), _CHATML, f"<think>\n{_THOUGHT}\n</think>\n\n{REPLY}", "<|im_end|>",
    ),
    # Its template opens the thought, so that only the closing tag is written (DeepSeek R1, QwQ).
    "opened": Family(
        ("<|im_start|>", "<|im_end|>", "<think>", "</think>"),
        _CHATML.replace("assistant\n{% endif %}", "assistant\n<think>\n{% endif %}"), f"{_THOUGHT}\n</think>\n\n{REPLY}",
        "<|im_end|>",
    ),
    "gpt-oss": Family(
        ("<|start|>", "<|channel|>", "<|message|>", "<|end|>", "<|return|>"),
        "<|start|>system<|message|>Current date: {{ strftime_now('%Y-%m-%d') }}\nReasoning: low<|end|>"
        "{% for message in messages %}<|start|>{{ message['role'] }}<|message|>{{ message['content'] }}<|end|>{% endfor %}"
        "{% if add_generation_prompt %}<|start|>assistant{% endif %}",
        f"<|channel|>analysis<|message|>{_THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{REPLY}", "<|return|>",
    ),
}


def save_thinking_model(folder: Path, family: Family, asked: Sequence[Sequence[dict[str, str]]]) -> Path:
    """A model that answers each conversation of `asked` with `family.answer`. Taught in a few seconds."""
    import torch
    from transformers import MistralConfig, MistralForCausalLM

    from synthempathy.llm.chat import prompt_ids

    tokenizer = train_tokenizer([family.answer] * 20)
    tokenizer.add_special_tokens({"additional_special_tokens": list(family.tokens), "eos_token": family.end})
    tokenizer.chat_template = family.template
    answer = [*tokenizer(family.answer, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    torch.manual_seed(0)
    model = MistralForCausalLM(MistralConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, head_dim=32, max_position_embeddings=1024, sliding_window=None,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, bos_token_id=None,
    ))
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    prompts = [prompt_ids(tokenizer, messages) for messages in asked]
    for _ in range(100):
        for prompt in prompts:
            ids = torch.tensor([prompt + answer])
            labels = ids.clone()
            labels[:, : len(prompt)] = -100
            model(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
