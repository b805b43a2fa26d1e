"""A tiny random Mistral with a byte-level tokenizer and a chat template: real transformers, no learning."""

from __future__ import annotations

from pathlib import Path

from synthempathy.demo_model.tokenizer import train_tokenizer


def save_tiny_model(folder: Path, seed: int = 0) -> Path:
    import torch
    from transformers import MistralConfig, MistralForCausalLM

    tokenizer = train_tokenizer(["I missed the bus and my boss shouted.", "Answer this person. Write a story."] * 20)
    torch.manual_seed(seed)
    config = MistralConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=512,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        initializer_range=0.6,
    )
    MistralForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
