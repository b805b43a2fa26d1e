"""A training from parameters and examples to its best checkpoint, in each process that takes part."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerate.utils import broadcast_object_list
from transformers.integrations.fsdp import is_fsdp_enabled

from synthempathy.core.command import when_stopped
from synthempathy.core.errors import ModelError
from synthempathy.core.progress import progress, say
from synthempathy.finetuning import lora
from synthempathy.finetuning.checkpoints import Checkpoints, key_of
from synthempathy.finetuning.memory import check_memory
from synthempathy.finetuning.params import Finetune
from synthempathy.finetuning.preference import PreferenceTrainer
from synthempathy.finetuning.spending import Spending
from synthempathy.finetuning.training import (
    Examples,
    ResponseTrainer,
    arguments_for,
    look_every,
    make_repeatable,
    shares_of,
    train,
    work_of,
)
from synthempathy.finetuning.watching import Outcome, Watch, dvclive_callback
from synthempathy.llm.loading import Model, is_folder, pick_device
from synthempathy.llm.params import Machine


@dataclass(frozen=True)
class Done:
    """A training that has ended. `best` is the folder of its best checkpoint."""

    model: Any
    outcome: Outcome
    best: Path
    checkpoints: Checkpoints
    spent: dict[str, Any]


def trained(settings: Finetune, machine: Machine, learned: Examples, watched: Examples) -> Done | None:
    """Train, or go on with what was begun; None in a process that another one speaks for."""
    how = machine.training
    shares = shares_of(settings, how)
    arguments = arguments_for(settings, how, pick_device(machine.device), shares)
    main = arguments.process_index == 0
    spending = Spending(str(arguments.device))
    sharded = is_fsdp_enabled()  # then each process loads into the machine's memory, and accelerate spreads it
    device = "cpu" if sharded else str(arguments.device)
    check_memory(
        settings, how, shares, str(arguments.device), spares=lora.spares_memory(how, str(arguments.device)),
        shards=shares.processes if sharded else 1,
    )
    make_repeatable(settings.seed)
    model = lora.load_with_lora(settings, how, device)
    checkpoints = Checkpoints(Path(how.checkpoints), _key(settings, model, learned, watched, main))
    if main:
        checkpoints.clean()
        when_stopped(checkpoints.told)
    arguments.distributed_state.wait_for_everyone()
    last = checkpoints.last()
    step = 0 if last is None else int(last.name.split("-")[1])
    if main and last is not None:
        say(f"finetune: goes on from step {step}")
        spending.go_on_from(last, step)

    def seal(step: int, best: int | None) -> None:
        spending.keep_in(checkpoints.at(step))
        checkpoints.seal(step, best)

    sizes = len(learned), len(watched)
    whole, before = work_of(*sizes, settings), work_of(*sizes, settings, step) if step else 0
    with progress("finetune", whole, done=before) if main else nullcontext(_silent) as advance:
        watch = Watch(settings.model, look_every(len(learned), settings), settings.patience, advance, seal)
        kind = PreferenceTrainer if settings.kind == "dpo" else ResponseTrainer
        trainer = kind(model, arguments, settings, how, shares, learned, watched, watch, advance)
        if main and how.dvclive:
            trainer.add_callback(dvclive_callback(how.dvclive))
        outcome = train(trainer, checkpoints)
    if not main:
        return None
    best = checkpoints.at(outcome.best.step)
    if not (best / lora.WEIGHTS).is_file():
        raise ModelError(f"{best} has no adapter in it: with FSDP, set fsdp_state_dict_type to FULL_STATE_DICT")
    spent = spending.figures(learned, shares, settings.seed, outcome.looks[-1].step, packing=how.packing)
    return Done(model, outcome, best, checkpoints, spent)


def _key(settings: Finetune, model: Any, learned: Examples, watched: Examples, main: bool) -> str:
    """The checkpoints' key, the same in all processes; one of them reads the base model's files for it."""
    found = [""]
    if main:
        commit = getattr(model.config, "_commit_hash", None) or settings.revision
        base = Model(settings.model).identity() if is_folder(settings.model) else f"{settings.model}@{commit}"
        found = [key_of(settings.model_dump(mode="json"), base, learned, watched)]
    return str(broadcast_object_list(found)[0])


def _silent(steps: int = 1, note: str = "") -> None:
    """No progress: one process of several shows it."""
