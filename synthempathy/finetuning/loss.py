"""The loss: of response tokens alone, and no logits elsewhere.

Logits are the largest thing in a step's memory where the vocabulary is large (128,000 tokens x 8 pairs x 1,024 in float32:
4 GB a copy, and a plain loss makes four). So the model gives them only where the next token is learned, and what the loss
makes of them is made for a few at a time, and again in the backward pass.
"""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint

from synthempathy.finetuning.batches import IGNORED

#: So many float32 logits are turned into a loss at once: 128 MB.
AT_ONCE = 2**25


def response_loss(model: Any, batch: dict[str, torch.Tensor], *, keeps: bool = True) -> torch.Tensor:
    """The summed loss, in nats, over the batch's response tokens; `batch` is what `padded` or `packed` gives.

    `keeps` is false for a model whose forward takes no `logits_to_keep`: all logits are made then.
    """
    logits, targets = _kept(model, batch, keeps)
    return summed_loss(logits.flatten(0, 1), targets.flatten())


def row_losses(model: Any, batch: dict[str, torch.Tensor], *, keeps: bool = True) -> torch.Tensor:
    """The summed loss of each row of a `padded` batch, (rows,)."""
    logits, targets = _kept(model, batch, keeps)
    return torch.stack([summed_loss(row, wanted) for row, wanted in zip(logits, targets, strict=True)])


def _kept(model: Any, batch: dict[str, torch.Tensor], keeps: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (rows, places, vocabulary) where a next token is learned in any row, and those tokens, or IGNORED."""
    places = batch["logits_to_keep"]
    inputs = {name: value for name, value in batch.items() if name not in ("labels", "logits_to_keep")}
    if keeps:
        inputs["logits_to_keep"] = places
    logits = model(**inputs, use_cache=False).logits
    return logits if keeps else logits[:, places], batch["labels"][:, places + 1]


def summed_loss(logits: torch.Tensor, targets: torch.Tensor, at_once: int = AT_ONCE) -> torch.Tensor:
    """The sum of cross entropies in float32 of logits (tokens, vocabulary), IGNORED targets left out."""
    step = max(1, at_once // logits.shape[-1])
    if len(targets) <= step:
        return _summed(logits, targets)
    parts = [
        checkpoint(_summed, logits[start : start + step], targets[start : start + step], use_reentrant=False,
                   preserve_rng_state=False)
        for start in range(0, len(targets), step)
    ]
    return torch.stack(parts).sum()


def _summed(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return cross_entropy(logits.float(), targets, ignore_index=IGNORED, reduction="sum")


def takes_logits_to_keep(model: Any) -> bool:
    """Whether the base model gives logits for some places alone, as nearly all of transformers' do."""
    return "logits_to_keep" in inspect.signature(model.forward).parameters
