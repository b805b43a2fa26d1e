"""Trainings of the tiny Mistral: settings, examples, and a run of them as the stage makes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from synthempathy.finetuning.examples import TokenizedExample
from synthempathy.finetuning.params import Finetune, Lora
from synthempathy.finetuning.run import Done, trained
from synthempathy.llm.params import Machine, Training
from synthempathy.project.params import load_params

ROOT = Path(__file__).parents[2]
SETTINGS = Finetune(
    model="models/tiny", revision=None, dtype="float32", prompt="plain",
    lora=Lora(rank=4, alpha=8, dropout=0.1, target_modules=["q_proj", "v_proj", "down_proj"]),
    learning_rate=0.02, epochs=2, batch_size=4, max_length=64, patience=1, seed=3,
)


def say(text: str, asked: str = "ask:") -> TokenizedExample:
    """An example in the tiny tokenizer's ids: one token a letter, and the end."""
    return TokenizedExample([6 + ord(letter) for letter in asked + text] + [1], len(asked))


MIXED = [say("yes"), say("a much longer answer"), say("no", asked="a longer prompt:"), say("why?"), say("ok then")]


def changed(settings: Finetune = SETTINGS, **changes: Any) -> Finetune:
    """`settings` with other values; `lora` ones by `lora__rank` and the like."""
    values = settings.model_dump()
    for name, value in changes.items():
        section, _, key = name.rpartition("__")
        (values[section] if section else values)[key] = value
    return Finetune.model_validate(values)


def machine(launch: int | None = None, **training: Any) -> Machine:
    """The section machine of params.yaml, on the CPU, with `training` changed."""
    given = load_params(ROOT / "params.yaml").machine
    return given.model_copy(update={"device": "cpu", "launch": launch, "training": Training(**training)})


def run(
    learned: list[TokenizedExample], watched: list[TokenizedExample], settings: Finetune = SETTINGS, **training: Any
) -> Done:
    """Train in this process, in the working folder, where models/tiny is."""
    with free_order_afterwards():
        done = trained(settings, machine(**training), learned, watched)
    assert done is not None
    return done


@contextmanager
def free_order_afterwards() -> Iterator[None]:
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


def steps_of(done: Done) -> list[dict[str, Any]]:
    """What was logged of each step: loss, grad_norm, learning_rate."""
    return [entry for entry in done.outcome.log if "grad_norm" in entry]
