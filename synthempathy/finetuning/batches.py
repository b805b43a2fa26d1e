"""Batches of examples of like length: little padding, and the same order on every run."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from synthempathy.finetuning.examples import TokenizedExample

if TYPE_CHECKING:
    import torch

#: So many batches are drawn at random and sorted by length together: fewer mix more, more pad less.
WINDOW = 16
#: The label that the loss leaves out, as in torch and transformers.
IGNORED = -100

Batch = list[TokenizedExample]


def shuffled_batches(examples: Sequence[TokenizedExample], size: int, seed: int) -> list[Batch]:
    """All examples once, in batches of like length and random order; the same for the same seed."""
    chance = random.Random(seed)
    order = list(examples)
    chance.shuffle(order)
    window = WINDOW * size
    batches = []
    for start in range(0, len(order), window):
        batches += sorted_batches(order[start : start + window], size)
    chance.shuffle(batches)
    return batches


def sorted_batches(examples: Sequence[TokenizedExample], size: int) -> list[Batch]:
    """All examples once, the longest first, so that a batch that does not fit into memory fails at once."""
    order = sorted(examples, key=len, reverse=True)
    return [order[start : start + size] for start in range(0, len(order), size)]


def tensors(batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ids, attention mask and labels, each (rows, longest), padded on the right; labels on responses alone."""
    import torch

    shape = (len(batch), max(map(len, batch)))
    ids = torch.zeros(shape, dtype=torch.long)  # any token will do: padding is neither read nor learned
    mask = torch.zeros(shape, dtype=torch.long)
    labels = torch.full(shape, IGNORED, dtype=torch.long)
    for row, example in enumerate(batch):
        end = len(example)
        ids[row, :end] = torch.tensor(example.ids)
        mask[row, :end] = 1
        labels[row, example.prompt : end] = ids[row, example.prompt : end]
    return ids, mask, labels


def learned_tokens(examples: Sequence[TokenizedExample]) -> int:
    """How many tokens of them the loss looks at."""
    return sum(len(example) - example.prompt for example in examples)
