"""finetune: train a LoRA adapter on the base model, to answer explanations as the corpus does.

    python -m stages.finetune data/train.jsonl data/validation.jsonl models/adapter metrics/finetune.json metrics/loss.csv

A killed run goes on from its last checkpoint (machine.training.checkpoints), by the same command.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from synthempathy.core.command import run_stage, when_stopped
from synthempathy.core.errors import InputError
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.ledger import Ledger
from synthempathy.core.params import read_params
from synthempathy.core.progress import say
from synthempathy.core.records import Pair, read_records
from synthempathy.finetuning.examples import PROMPT_VARIABLES, TokenizedExample, tokenized
from synthempathy.finetuning.launching import first_speaks, launch_stage, launches
from synthempathy.finetuning.params import Finetune
from synthempathy.llm.cost import record_cost
from synthempathy.llm.params import Machine
from synthempathy.llm.prompts import load_prompt


@first_speaks()
def finetune(train: Path, validation: Path, adapter: Path, metrics: Path, loss: Path, *, params: Path) -> None:
    """Write the adapter at its lowest validation loss, its figures, and the table of losses."""
    file = read_params(params)
    settings, machine = file.section("finetune", Finetune), file.section("machine", Machine)
    if launches(machine.launch):
        words = (train, validation, adapter, metrics, loss, "--params", params)
        launch_stage(machine.launch, "stages.finetune", words, machine.device)
        return
    when_stopped(lambda: "nothing is trained yet; `dvc repro`, or the same command, starts anew, or goes on from a checkpoint")
    prompt = load_prompt(file.prompts / "respond" / f"{settings.prompt}.jinja")
    prompt.check(PROMPT_VARIABLES)
    pairs = {path: read_records(path, Pair) for path in (train, validation)}

    from synthempathy.finetuning import lora, run
    from synthempathy.finetuning.preference import preferences
    from synthempathy.llm.loading import load_tokenizer

    tokenizer = load_tokenizer(settings.model, settings.revision)
    make = preferences if settings.kind == "dpo" else tokenized
    ledger = Ledger("finetune", sum(map(len, pairs.values())))
    train_set, validation_set = (
        _fitting(make(rows, prompt, tokenizer, settings.template), settings.max_length, path, ledger)
        for path, rows in pairs.items()
    )
    done = run.trained(settings, machine, train_set, validation_set)
    if done is None:  # another process of this training writes the outputs
        return

    outcome = done.outcome
    report = ledger.close(rows_out=len(train_set) + len(validation_set)) | {
        "train_pairs": len(train_set), "validation_pairs": len(validation_set), **outcome.figures(),
        "trainable_parameters": done.model.get_nb_trainable_parameters()[0],
    }
    with written_whole(adapter, metrics, loss) as (adapter_part, metrics_part, loss_part):
        lora.write_adapter(done.model, done.best, adapter_part, settings)
        write_json(metrics_part, report)
        outcome.write_losses(loss_part)
    done.checkpoints.remove()
    record_cost("finetune", done.spent)
    say(
        f"finetune: {len(train_set)} pairs, validation loss {report['validation_loss_before']:.3f} before and "
        f"{report['validation_loss']:.3f} after epoch {report['best_epoch']}"
    )


def _fitting(examples: Sequence[TokenizedExample], longest: int, path: Path, ledger: Ledger) -> list[TokenizedExample]:
    """The examples of at most `longest` tokens; the others go to the ledger."""
    fitting = [example for example in examples if example.longest <= longest]
    if not fitting:
        raise InputError(
            f"all {len(examples)} pairs are over finetune.max_length {longest} tokens; "
            f"the shortest has {min(example.longest for example in examples)}", file=path, hint="raise finetune.max_length",
        )
    ledger.drop("too_long", len(examples) - len(fitting))
    return fitting


if __name__ == "__main__":
    run_stage(finetune, {
        "train": "training pairs (JSONL)", "validation": "validation pairs (JSONL)",
        "adapter": "the adapter (folder, as PEFT loads it)", "metrics": "rows, losses, size (JSON)",
        "loss": "losses, learning rate and gradient norm by step (CSV)",
    }, doc=__doc__, optional=("loss",))
