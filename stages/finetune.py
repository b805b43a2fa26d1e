"""finetune: train a LoRA adapter on the base model, to answer explanations as the corpus does.

    python -m stages.finetune data/train.jsonl data/validation.jsonl models/adapter \\
        metrics/finetune.json metrics/loss.csv

On several GPUs: `accelerate launch -m stages.finetune ...`, with the same paths.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthempathy.core.command import run_stage
from synthempathy.core.errors import InputError, ModelError
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.ledger import Ledger
from synthempathy.core.progress import progress, say
from synthempathy.core.records import Pair, read_records
from synthempathy.llm.prompts import load_prompt
from synthempathy.project.params import Params, load_params

if TYPE_CHECKING:
    import torch

    from synthempathy.finetuning.examples import Example
    from synthempathy.finetuning.training import Epoch, Outcome


def finetune(train: Path, validation: Path, adapter: Path, metrics: Path, loss: Path, *, params: Path) -> None:
    """Write the adapter of the epoch with the lowest validation loss, its figures, and the loss of each epoch."""
    settings = load_params(params)
    prompt = load_prompt(params.parent / "prompts" / "respond" / f"{settings.finetune.prompt}.jinja")
    prompt.check({"explanation": "..."})
    pairs = {file: read_records(file, Pair) for file in (train, validation)}

    from synthempathy.finetuning import lora, training
    from synthempathy.finetuning.examples import examples_of
    from synthempathy.llm.loading import load_tokenizer, pick_device

    tokenizer = load_tokenizer(settings.finetune.model, settings.finetune.revision, settings.engine.trust_remote_code)
    ledger = Ledger("finetune", sum(map(len, pairs.values())))
    learned, watched = (
        _fitting(examples_of(rows, prompt, tokenizer), settings.finetune.max_length, file, ledger)
        for file, rows in pairs.items()
    )

    accelerator = training.accelerator_on(pick_device(settings.machine.device))
    training.repeatable(settings.finetune.seed)
    model = lora.with_lora(_base(settings, accelerator.device), settings.finetune)
    if accelerator.device.type == "cuda":
        lora.spare_memory(model)
    trainable, _ = model.get_nb_trainable_parameters()
    batches = training.batch_count(len(learned), len(watched), settings.finetune)
    with progress("finetune", batches) if accelerator.is_main_process else nullcontext(_silent) as advance:
        trainer = training.Trainer(model, lora.lora_weights, settings.finetune, accelerator, advance)
        outcome = trainer.train(learned, watched)
    if not accelerator.is_main_process:
        return

    report = ledger.close(rows_out=len(learned) + len(watched)) | {
        "train_pairs": len(learned), "validation_pairs": len(watched), **_figures(outcome),
        "trainable_parameters": trainable,
    }
    with written_whole(adapter, metrics, loss) as (adapter_part, metrics_part, loss_part):
        lora.save_adapter(model, outcome.weights, adapter_part, settings.finetune)
        write_json(metrics_part, report)
        _write_losses(loss_part, outcome.epochs)
    say(
        f"finetune: {len(learned)} pairs, validation loss {report['validation_loss_before']:.3f} before and "
        f"{report['validation_loss']:.3f} after epoch {report['best_epoch']}"
    )


def _fitting(examples: Sequence[Example], longest: int, file: Path, ledger: Ledger) -> list[Example]:
    """The examples of at most `longest` tokens; the others go to the ledger."""
    fitting = [example for example in examples if len(example) <= longest]
    if not fitting:
        raise InputError(
            f"all {len(examples)} pairs are over finetune.max_length {longest} tokens; "
            f"the shortest has {min(map(len, examples))}", file=file, hint="raise finetune.max_length",
        )
    ledger.drop("too_long", len(examples) - len(fitting))
    return fitting


def _base(settings: Params, device: torch.device) -> Any:
    """The base model: bf16 on a GPU, where its frozen weights need no more; fp32 on a CPU."""
    from synthempathy.llm.loading import load_model

    own = settings.finetune
    dtype = "bfloat16" if device.type == "cuda" else "float32"
    model = load_model(own.model, own.revision, dtype, settings.engine.trust_remote_code, str(device))
    positions = getattr(model.config, "max_position_embeddings", None)
    if positions is not None and own.max_length > positions:
        raise ModelError(
            f"finetune.max_length {own.max_length} is above the {positions} tokens that {own.model} reads; lower it"
        )
    return model


def _figures(outcome: Outcome) -> dict[str, object]:
    best = outcome.best
    return {
        "train_loss": best.train_loss,
        "validation_loss": best.validation_loss,
        "validation_loss_before": outcome.epochs[0].validation_loss,
        "epochs_run": outcome.epochs[-1].epoch,
        "best_epoch": best.epoch,
    }


def _silent(steps: int = 1, note: str = "") -> None:
    """No progress: one process of several shows it."""


def _write_losses(path: Path, epochs: Sequence[Epoch]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(("epoch", "step", "split", "loss"))
        for e in epochs:
            table.writerow((e.epoch, e.step, "train", f"{e.train_loss:.6f}"))
            table.writerow((e.epoch, e.step, "validation", f"{e.validation_loss:.6f}"))


if __name__ == "__main__":
    run_stage(
        finetune,
        {
            "train": "training pairs (JSONL)",
            "validation": "validation pairs (JSONL)",
            "adapter": "the adapter (folder, as PEFT loads it)",
            "metrics": "rows, losses, size (JSON)",
            "loss": "loss of each epoch (CSV)",
        },
        doc=__doc__,
        optional=("loss",),
    )
