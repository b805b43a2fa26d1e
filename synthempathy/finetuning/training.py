"""Training: transformers' Trainer with PEFT, fed with our tokens.

What stays ours: batches of like length, the loss as a mean over all response tokens of a batch (so that accumulating, and any
number of processes, change nothing but rounding and the draws of dropout), losses looked at over response tokens, checkpoints
that are whole. A second run on one machine, or one that was killed and resumed, ends with the same bytes in float32.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from typing import Any

import torch
import transformers
from torch.utils.data import DataLoader
from transformers import PrinterCallback, TrainingArguments

from synthempathy.finetuning.batches import (
    Shares,
    ShuffledParts,
    learned_tokens,
    packed,
    padded,
    sorted_batches,
    steps_an_epoch,
)
from synthempathy.finetuning.checkpoints import Checkpoints, read_state
from synthempathy.finetuning.examples import TokenizedExample
from synthempathy.finetuning.loss import response_loss, takes_logits_to_keep
from synthempathy.finetuning.params import Finetune
from synthempathy.finetuning.watching import Outcome, Watch, best_of, has_stopped, looks_of
from synthempathy.llm.params import Training

WARM_UP = 0.05  # share of all steps in which the learning rate rises to its full height
LARGEST_GRADIENT = 1.0  # its norm is cut to this

Examples = Sequence[TokenizedExample]


def make_repeatable(seed: int) -> None:
    """The same numbers on a second run on this machine: seeds, and no operation that is free in its order."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for it
    os.environ.setdefault("FLASH_ATTENTION_DETERMINISTIC", "1")
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)


def shares_of(settings: Finetune, machine: Training) -> Shares:
    """How batches are divided over the processes that a launcher has started, and in each."""
    processes, process = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    return Shares(settings.batch_size, processes, process, machine.pairs_at_once)


def arguments_for(settings: Finetune, machine: Training, device: str, shares: Shares) -> TrainingArguments:
    """The Trainer's own arguments; `device` is cpu or cuda. Joins the processes that a launcher has started."""
    arguments = TrainingArguments(
        output_dir=machine.checkpoints, use_cpu=device == "cpu", bf16=settings.dtype == "bfloat16", seed=settings.seed,
        per_device_train_batch_size=math.ceil(settings.batch_size / shares.processes / shares.parts),
        gradient_accumulation_steps=shares.parts, num_train_epochs=settings.epochs, learning_rate=settings.learning_rate,
        weight_decay=0.0, max_grad_norm=LARGEST_GRADIENT, optim="adamw_torch", logging_strategy="steps", logging_steps=1,
        logging_nan_inf_filter=False, save_strategy="steps", save_steps=machine.save_steps, metric_for_best_model="loss",
        greater_is_better=False, report_to="none", disable_tqdm=True, remove_unused_columns=False,
        ddp_find_unused_parameters=False, dataloader_pin_memory=device != "cpu", log_level="error",
    )
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1  # several GPUs are several processes (machine.launch), never torch's DataParallel
    return arguments


class ResponseTrainer(transformers.Trainer):  # type: ignore[misc]
    """transformers' Trainer on token ids of ours: `train` is learned, `validation` watched."""

    loss_is_scaled_for_ga = True  # a mean over the whole batch already
    lr_scheduler: Any
    control: Any
    collate: Callable[[Examples], dict[str, torch.Tensor]] | None = None  # None: as machine.training.packing says

    def __init__(
        self, model: Any, arguments: TrainingArguments, settings: Finetune, machine: Training, shares: Shares,
        train: Examples, validation: Examples, watch: Watch, looked_at: Callable[[], None],
    ) -> None:
        self._settings, self._shares, self._looked_at = settings, shares, looked_at
        self._train, self._validation = train, validation
        self._sample = evenly(train, len(validation))
        self._collate = self.collate or (packed if machine.packing else padded)
        base = model.get_base_model() if hasattr(model, "get_base_model") else model
        self._keeps = takes_logits_to_keep(base)
        super().__init__(model=model, args=arguments, train_dataset=list(train), callbacks=[watch])
        self.remove_callback(PrinterCallback)  # it prints on standard output

    def get_train_dataloader(self) -> DataLoader[Any]:
        """This process's parts of the batches, as they follow from the seed. Draws nothing from torch's generator."""
        parts = ShuffledParts([len(one) for one in self._train], self._shares, self._settings.seed)
        return DataLoader(
            list(self._train), batch_sampler=parts, collate_fn=self._collate, generator=torch.Generator(),  # type: ignore[arg-type]
            pin_memory=self.args.dataloader_pin_memory,
        )

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """A linear warm-up, then a cosine to 0."""
        if self.lr_scheduler is None:
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(
                optimizer or self.optimizer, lambda step: cosine(step, num_training_steps)
            )
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def compute_loss(
        self, model: Any, inputs: dict[str, torch.Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """This part's share of the mean over all response tokens of the batch; the shares of all processes are averaged."""
        return self.summed(model, inputs) / num_items_in_batch * self._shares.processes

    def summed(self, model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """The loss of a part of a batch, summed."""
        return response_loss(model, batch, keeps=self._keeps)

    def weight(self, examples: Examples) -> int:
        """What a sum of `summed` over `examples` is divided by."""
        return learned_tokens(examples)

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Look at the mean losses over response tokens, without dropout: of the validation pairs, and of as many others."""
        metrics = {"eval_loss": self.mean_loss(self._validation), "eval_train_loss": self.mean_loss(self._sample)}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def mean_loss(self, examples: Examples) -> float:
        """The mean loss over all response tokens of `examples`, over all processes, without dropout."""
        self.model.eval()
        total = torch.zeros((), dtype=torch.float64, device=self.args.device)
        for batch in sorted_batches([len(one) for one in examples], self._shares.size):
            for part in self._shares.of(batch):
                inputs = self._prepare_inputs(self._collate([examples[place] for place in part]))
                with torch.no_grad():
                    total += self.summed(self.model, inputs).double()
            self._looked_at()
        return float(self.accelerator.reduce(total)) / self.weight(examples)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """The adapter alone. The vocabulary is never resized, so embeddings need no look (on the hub)."""
        model = self.accelerator.unwrap_model(self.model)
        model.save_pretrained(output_dir, state_dict=state_dict, save_embedding_layers=False)


def train(trainer: ResponseTrainer, checkpoints: Checkpoints) -> Outcome:
    """Train to the end, from the last checkpoint where there is one. The best look's checkpoint is then still there."""
    last = checkpoints.last()
    patience = trainer._settings.patience
    trainer.args.output_dir = str(checkpoints.folder)
    if last is not None and has_stopped(log := read_state(last)["log_history"], patience):
        return _outcome(log)  # it had stopped early, and was killed before its outputs were written
    trainer.args.eval_on_start = last is None
    torch.manual_seed(trainer._settings.seed + trainer._shares.process)  # dropout differs between processes
    trainer.train(resume_from_checkpoint=None if last is None else str(last))
    return _outcome(trainer.state.log_history)


def _outcome(log: list[dict[str, Any]]) -> Outcome:
    looks = looks_of(log)
    best = best_of(looks)
    assert best is not None  # the last step is always looked at
    return Outcome(looks, best, log)


def look_every(examples: int, settings: Finetune) -> int:
    """Steps between two looks at the losses."""
    return settings.eval_steps or steps_an_epoch(examples, settings.batch_size)


def work_of(train: int, validation: int, settings: Finetune, step: int | None = None) -> int:
    """Batches that training and its looks go through, of so many pairs: up to a step, or all; for a progress bar."""
    size = settings.batch_size
    last = settings.epochs * steps_an_epoch(train, size)
    done = last if step is None else step
    looks = 1 + done // look_every(train, settings) + (done == last and done % look_every(train, settings) > 0)
    return done + looks * (steps_an_epoch(validation, size) + steps_an_epoch(min(train, validation), size))


def cosine(step: int, steps: int) -> float:
    """The share of the full learning rate at `step` of `steps`: up in a line, down along a cosine to 0."""
    rising = max(1, round(WARM_UP * steps))
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def evenly(examples: Examples, wanted: int) -> list[TokenizedExample]:
    """At most `wanted` of `examples`, spread evenly over their order."""
    wanted = min(wanted, len(examples))
    return [examples[place * len(examples) // wanted] for place in range(wanted)]
