"""The loop that fine-tuned here before transformers' Trainer did, on one process: what the Trainer is measured against.

All logits are made, in float32, and the loss is the mean over the response tokens of a batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from synthempathy.finetuning.batches import IGNORED, learned_tokens, padded, shuffled_batches, steps_an_epoch
from synthempathy.finetuning.examples import TokenizedExample
from synthempathy.finetuning.params import Finetune
from synthempathy.finetuning.training import LARGEST_GRADIENT, cosine


def mean_loss(model: Any, batch: Sequence[TokenizedExample]) -> torch.Tensor:
    """The mean loss over response tokens."""
    tensors = padded(batch)
    logits = model(input_ids=tensors["input_ids"], attention_mask=tensors["attention_mask"]).logits[:, :-1]
    loss = cross_entropy(
        logits.flatten(0, 1).float(), tensors["labels"][:, 1:].flatten(), ignore_index=IGNORED, reduction="sum"
    )
    return loss / learned_tokens(batch)


def steps(model: Any, examples: Sequence[TokenizedExample], settings: Finetune) -> Iterator[tuple[float, float]]:
    """Train; give the loss and the norm of the gradient of each step."""
    trainable = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=settings.learning_rate, weight_decay=0.0)
    total = settings.epochs * steps_an_epoch(len(examples), settings.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: cosine(step, total))
    torch.manual_seed(settings.seed)
    lengths = [len(example) for example in examples]
    for epoch in range(1, settings.epochs + 1):
        for batch in shuffled_batches(lengths, settings.batch_size, settings.seed + epoch):
            model.train()
            loss = mean_loss(model, [examples[place] for place in batch])
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(trainable, LARGEST_GRADIENT)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            yield float(loss.detach()), float(norm)
