"""Training: epochs of AdamW on the responses' tokens, stopped early, the best epoch kept.

Goes through accelerate, so the same code runs on a CPU, a GPU, or several started with `accelerate launch`.
A batch is `batch_size` pairs over all processes, and its loss is the mean over all its response tokens, so
the number of processes changes nothing but rounding and the draws of dropout.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import cross_entropy

from synthempathy.core.errors import ModelError
from synthempathy.core.progress import Advance
from synthempathy.finetuning.batches import (
    IGNORED,
    Batch,
    learned_tokens,
    shuffled_batches,
    sorted_batches,
    tensors,
)
from synthempathy.finetuning.examples import TokenizedExample
from synthempathy.finetuning.params import Finetune

if TYPE_CHECKING:
    from accelerate import Accelerator

WARM_UP = 0.05  # share of all steps in which the learning rate rises to its full height
LARGEST_GRADIENT = 1.0  # its norm is cut to this

Weights = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Epoch:
    """The model after an epoch (0: before training). Losses in nats a response token, without dropout.

    `train_loss` is of as many training pairs as there are validation pairs, so that the two compare.
    """

    epoch: int
    step: int
    train_loss: float
    validation_loss: float


@dataclass(frozen=True)
class Outcome:
    """All epochs that ran, the first before training, and the best of the others with its weights."""

    epochs: list[Epoch]
    best: Epoch
    weights: Weights

    def figures(self) -> dict[str, float]:
        """The losses of the best epoch and before training, and which epoch that was."""
        return {
            "train_loss": self.best.train_loss, "validation_loss": self.best.validation_loss,
            "validation_loss_before": self.epochs[0].validation_loss, "epochs_run": self.epochs[-1].epoch,
            "best_epoch": self.best.epoch,
        }

    def write_losses(self, path: Path) -> None:
        """A CSV of epoch, step, split (train, validation), loss."""
        with path.open("w", encoding="utf-8", newline="") as stream:
            table = csv.writer(stream, lineterminator="\n")
            table.writerow(("epoch", "step", "split", "loss"))
            for e in self.epochs:
                table.writerow((e.epoch, e.step, "train", f"{e.train_loss:.6f}"))
                table.writerow((e.epoch, e.step, "validation", f"{e.validation_loss:.6f}"))


def accelerator_on(device: str, dtype: str) -> Accelerator:
    """accelerate on `device`, cpu or cuda, with autocast in bf16 where the base model's `dtype` is bfloat16."""
    from accelerate import Accelerator

    return Accelerator(cpu=device == "cpu", mixed_precision="bf16" if dtype == "bfloat16" else "no")


def make_repeatable(seed: int) -> None:
    """The same numbers on a second run on this machine: seeds, and no operation that is free in its order."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for it
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)


def batch_count(train: int, validation: int, settings: Finetune) -> int:
    """Batches that all epochs together go through, for a progress bar, of so many pairs."""
    size = settings.batch_size
    evaluations = math.ceil(validation / size) + math.ceil(min(train, validation) / size)
    return settings.epochs * math.ceil(train / size) + (settings.epochs + 1) * evaluations


class Trainer:
    """Trains what is trainable in `model`; `weights_of` reads the weights to keep of the best epoch."""

    def __init__(
        self, model: Any, weights_of: Callable[[Any], Weights], settings: Finetune, accelerator: Accelerator,
        advance: Advance,
    ) -> None:
        self._trainable = [weight for weight in model.parameters() if weight.requires_grad]
        optimizer = torch.optim.AdamW(self._trainable, lr=settings.learning_rate, weight_decay=0.0)
        self._model, self._optimizer = accelerator.prepare(model, optimizer)
        self._weights_of, self._settings, self._accelerator = weights_of, settings, accelerator
        self._advance = advance

    def train(self, train: Sequence[TokenizedExample], validation: Sequence[TokenizedExample]) -> Outcome:
        """Train on `train`, evaluate on `validation` after each epoch. ModelError if the loss is no number."""
        settings = self._settings
        steps = settings.epochs * math.ceil(len(train) / settings.batch_size)
        schedule = torch.optim.lr_scheduler.LambdaLR(self._optimizer, lambda step: cosine(step, steps))
        sample = _evenly(train, len(validation))
        torch.manual_seed(settings.seed + self._accelerator.process_index)  # dropout differs between processes

        epochs = [self._evaluated(0, 0, sample, validation)]
        best: Epoch | None = None
        weights: Weights = {}
        step = 0
        for epoch in range(1, settings.epochs + 1):
            note = f"epoch {epoch} of {settings.epochs}, validation loss {epochs[-1].validation_loss:.3f}"
            for batch in shuffled_batches(train, settings.batch_size, settings.seed + epoch):
                self._step(batch)
                schedule.step()
                step += 1
                self._advance(note=note)
            epochs.append(self._evaluated(epoch, step, sample, validation))
            if best is None or epochs[-1].validation_loss < best.validation_loss:
                best, weights = epochs[-1], self._weights()
            elif epoch - best.epoch >= settings.patience:
                break
        assert best is not None  # settings.epochs is 1 at least
        return Outcome(epochs, best, weights)

    def _step(self, batch: Batch) -> None:
        self._model.train()
        parts = self._accelerator.num_processes  # whose gradients are averaged, where their sum is wanted
        self._accelerator.backward(self._loss(batch) * parts)
        self._accelerator.clip_grad_norm_(self._trainable, LARGEST_GRADIENT)
        self._optimizer.step()
        self._optimizer.zero_grad()

    def _evaluated(
        self, epoch: int, step: int, sample: Sequence[TokenizedExample], validation: Sequence[TokenizedExample]
    ) -> Epoch:
        seen = Epoch(epoch, step, train_loss=self._mean_loss(sample), validation_loss=self._mean_loss(validation))
        if not math.isfinite(seen.train_loss + seen.validation_loss):
            why = "training diverged; lower finetune.learning_rate" if epoch else "the model itself is broken"
            raise ModelError(f"{self._settings.model}: the loss is not a number after {epoch} epochs: {why}")
        return seen

    def _mean_loss(self, examples: Sequence[TokenizedExample]) -> float:
        """The mean loss over all response tokens of `examples`, over all processes, without dropout."""
        self._model.eval()
        total = torch.zeros((), dtype=torch.float64, device=self._accelerator.device)
        for batch in sorted_batches(examples, self._settings.batch_size):
            with torch.no_grad():
                total += self._loss(batch).double() * learned_tokens(batch)
            self._advance()
        return float(self._accelerator.reduce(total)) / learned_tokens(examples)

    def _loss(self, batch: Batch) -> torch.Tensor:
        """This process's part of the batch's mean loss over response tokens; the parts add up to the mean."""
        own = batch[self._accelerator.process_index :: self._accelerator.num_processes]
        ids, mask, labels = (tensor.to(self._accelerator.device) for tensor in tensors(own or batch[:1]))
        if not own:  # fewer pairs than processes: all must still step together
            labels = torch.full_like(labels, IGNORED)
        logits = self._model(input_ids=ids, attention_mask=mask).logits[:, :-1]
        loss = cross_entropy(
            logits.flatten(0, 1).float(), labels[:, 1:].flatten(), ignore_index=IGNORED, reduction="sum"
        )
        return loss / learned_tokens(batch)

    def _weights(self) -> Weights:
        model = self._accelerator.unwrap_model(self._model)
        return {name: weight.detach().cpu().clone() for name, weight in self._weights_of(model).items()}


def cosine(step: int, steps: int) -> float:
    """The share of the full learning rate at `step` of `steps`: up in a line, down along a cosine to 0."""
    rising = max(1, round(WARM_UP * steps))
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def _evenly(examples: Sequence[TokenizedExample], wanted: int) -> list[TokenizedExample]:
    """At most `wanted` of `examples`, spread evenly over their order."""
    wanted = min(wanted, len(examples))
    return [examples[place * len(examples) // wanted] for place in range(wanted)]
