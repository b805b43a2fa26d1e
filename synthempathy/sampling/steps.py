"""How each generation step asks and what it accepts, so that a cell asks as the step itself does.

The prompts' variables and the checks are those of stages.brainstorm, explain and respond; a test compares the
two row by row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from synthempathy.core.records import Explanation, Record, Seed, Story, read_records
from synthempathy.generation import checks
from synthempathy.generation.params import Step
from synthempathy.llm.backends import Completion
from synthempathy.llm.generate import Ask, Reader
from synthempathy.llm.prompts import Prompt, load_prompt


@dataclass(frozen=True)
class Asking:
    """What a step reads, and the fields of it that its prompts may use."""

    record: type[Seed] | type[Story] | type[Explanation]
    variables: tuple[str, ...]

    def messages(self, row: Record, prompt: Prompt) -> list[dict[str, str]]:
        """The chat that asks for an answer to `row`."""
        return prompt.messages(**{name: getattr(row, name) for name in self.variables})


STEPS = {
    "brainstorm": Asking(Seed, ("sentence", "category")),
    "explain": Asking(Story, ("story", "seed", "category")),
    "respond": Asking(Explanation, ("explanation", "category")),
}


def prompt_of(step: str, path: Path) -> Prompt:
    """The prompt, checked against what the step offers. PromptError names its line otherwise."""
    prompt = load_prompt(path)
    prompt.check({name: "I missed the bus." for name in STEPS[step].variables})
    return prompt


def asks_of(step: str, inputs: Path, prompt: Prompt, rows: int, samples: int, seed: int) -> list[Ask]:
    """`samples` asks each of `rows` rows of `inputs`, with ids `<row>-00`, `<row>-01`, ..."""
    asking = STEPS[step]
    drawn = drawn_evenly(read_records(inputs, asking.record), rows, seed)
    return [
        Ask(f"{row.id}-{sample:02d}", row, asking.messages(row, prompt), sample)
        for row in drawn for sample in range(samples)
    ]


def drawn_evenly(rows: Sequence[Seed | Story | Explanation], wanted: int, seed: int) -> list[Record]:
    """At most `wanted` rows, the categories in turns, in the file's order.

    Inside a category a hash of seed and id decides: more rows wanted means the same ones and others.
    """
    queues = [
        sorted((row for row in rows if row.category == category), key=lambda row: rank(row.id, seed))
        for category in sorted({row.category for row in rows})
    ]
    taken = {row.id for row in [row for turn in zip_longest(*queues) for row in turn if row][:wanted]}
    return [row for row in rows if row.id in taken]


def rank(id: str, seed: int) -> bytes:
    """A draw that belongs to the id, the same on every machine."""
    return hashlib.sha256(f"{seed}:{id}".encode()).digest()


def reader(step: str, settings: Step, prompt: Prompt) -> Reader:
    """The step's check of an answer: its `text` (what becomes the field) and the whole `answer`, or a reason."""
    asks_for_reasoning = checks.RESPONSE in prompt.source

    def read(ask: Ask, answer: Completion) -> dict[str, str] | str:
        text = answer.text
        if step == "respond":
            parts = checks.parted(text, asks_for_reasoning)
            if parts is None:
                return "cut_at_max_tokens" if answer.finish_reason == "length" else "no_response_after_reasoning"
            text = parts[1]
        wrong = checks.unusable(answer, text, settings, prompt.instructions)
        if step == "explain":
            wrong = wrong or checks.not_first_person(text)
        return wrong or {"text": text, "answer": answer.text}

    return read
