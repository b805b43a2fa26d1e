"""What goes on beside the training: looks at the validation loss, early stop, checkpoints, progress.

All of it is read from the Trainer's own log, which checkpoints hold: so a resumed run knows what the killed one knew.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from synthempathy.core.errors import ModelError
from synthempathy.core.files import dump_table

HEADER = ("epoch", "step", "split", "loss", "learning_rate", "gradient_norm")
#: So many steps have a row of their own in the table; of more, these many are drawn evenly.
MOST_ROWS = 1000


@dataclass(frozen=True)
class Look:
    """The model after `step` steps (0: before training). Losses in nats a response token, without dropout.

    `train_loss` is of as many training pairs as there are validation pairs, so that the two compare.
    """

    epoch: float
    step: int
    train_loss: float
    validation_loss: float


@dataclass(frozen=True)
class Outcome:
    """All looks, the first before training; the best of the others; and the Trainer's log."""

    looks: list[Look]
    best: Look
    log: list[dict[str, Any]]

    def figures(self) -> dict[str, float]:
        """The losses of the best look and before training, and which look that was."""
        return {
            "train_loss": self.best.train_loss, "validation_loss": self.best.validation_loss,
            "validation_loss_before": self.looks[0].validation_loss, "epochs_run": _plain(self.looks[-1].epoch),
            "best_epoch": _plain(self.best.epoch), "steps_run": self.looks[-1].step, "best_step": self.best.step,
        }

    def write_losses(self, path: Path) -> None:
        """A CSV of HEADER: split is train or validation at a look, batch for what a step learned from (with dropout)."""
        steps = [entry for entry in self.log if "grad_norm" in entry]
        every = math.ceil(len(steps) / MOST_ROWS) or 1
        rows: list[tuple[object, ...]] = [
            (_plain(one.epoch), one.step, split, loss, None, None)
            for one in self.looks for split, loss in (("train", one.train_loss), ("validation", one.validation_loss))
        ]
        rows += [
            (round(entry["epoch"], 6), entry["step"], "batch", entry["loss"], f"{entry['learning_rate']:.6g}", entry["grad_norm"])
            for entry in steps[every - 1 :: every]
        ]
        dump_table(path, HEADER, rows)


def looks_of(log: Sequence[dict[str, Any]]) -> list[Look]:
    """The looks that a Trainer's log holds, in order."""
    return [
        Look(entry.get("epoch") or 0.0, entry["step"], entry["eval_train_loss"], entry["eval_loss"])
        for entry in log if "eval_loss" in entry
    ]


def best_of(looks: Sequence[Look]) -> Look | None:
    """The look with the lowest validation loss, the earliest of equals; the one before training does not count."""
    return min((look for look in looks if look.step), key=lambda look: look.validation_loss, default=None)


def has_stopped(log: Sequence[dict[str, Any]], patience: int) -> bool:
    """Whether the last `patience` looks brought nothing better than one before them."""
    looks = [look for look in looks_of(log) if look.step]
    best = best_of(looks)
    return best is not None and len(looks) - 1 - looks.index(best) >= patience


class Watch(TrainerCallback):  # type: ignore[misc]
    """Tells the Trainer when to look, to save and to stop; tells the user how far it is; ends it where a loss is no number.

    `seal(step, best)` is called when a checkpoint's files are all there.
    """

    def __init__(
        self, model: str, look_every: int, patience: int, advance: Callable[..., None],
        seal: Callable[[int, int | None], None],
    ) -> None:
        self._model, self._look_every, self._patience = model, look_every, patience
        self._advance, self._seal = advance, seal

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A step is done."""
        found = looks_of(state.log_history)
        note = f", validation loss {found[-1].validation_loss:.3f}" if found else ""
        self._advance(note=f"epoch {math.ceil(state.epoch)} of {args.num_train_epochs}{note}")
        if state.global_step % self._look_every == 0 or state.global_step >= state.max_steps:
            control.should_evaluate = True

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **_: Any) -> None:
        """A loss is known. ModelError if it is not a number."""
        losses = [logs[name] for name in ("loss", "eval_loss", "eval_train_loss", "grad_norm") if name in logs]
        if not math.isfinite(sum(losses)):
            step = state.global_step
            why = "training diverged; lower finetune.learning_rate" if step else "the model itself is broken"
            raise ModelError(f"{self._model}: the loss is not a number after {step} steps: {why}")

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """The losses were looked at: a checkpoint belongs to every look, so that the best one is there at the end."""
        if state.global_step:
            control.should_save = True
            control.should_training_stop |= has_stopped(state.log_history, self._patience)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A checkpoint is written, by every process."""
        args.distributed_state.wait_for_everyone()
        if state.is_world_process_zero:
            self._seal(state.global_step, state.best_global_step)


def dvclive_callback(folder: str) -> TrainerCallback:
    """DVCLive's own callback, which writes into `folder`. It tells timings, so no stage may own what it writes."""
    if importlib.util.find_spec("dvclive") is None:
        raise ModelError("machine.training.dvclive needs DVCLive: make install EXTRAS=dvclive, or set it null")
    from dvclive import Live
    from transformers.integrations import DVCLiveCallback

    return DVCLiveCallback(live=Live(dir=folder, save_dvc_exp=False, dvcyaml=None, report=None))


def _plain(epoch: float) -> float:
    return int(epoch) if epoch == int(epoch) else round(epoch, 6)
