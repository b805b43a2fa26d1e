"""A system answers the explanations, through the one runner: finished answers are kept, so that a killed run resumes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from synthempathy.core.errors import ModelError
from synthempathy.core.records import Pair
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Machine, Sampling
from synthempathy.llm.prompts import Prompt
from synthempathy.llm.runner import Asking, Row, ask_rows


@dataclass(frozen=True)
class Answer:
    """A response, and why it ended: "stop", "length" (cut), or None where that is not known."""

    model: str
    response: str
    finish_reason: str | None


def questions(
    model: Model, pairs: Sequence[Pair], prompt: Prompt, sampling: Sampling, engine: Engine, machine: Machine
) -> tuple[list[Row], Asking]:
    """What `model` is asked: a row for each pair's explanation, in order.

    A request's seed follows from its messages and the sampling's seed alone, so every system is asked the same with the
    same chance.
    """
    rows = [Row(pair.id, pair, partial(prompt.messages, explanation=pair.explanation)) for pair in pairs]
    return rows, Asking((model,), sampling, 1, engine, machine)


def answers(name: str, rows: Sequence[Row], asking: Asking) -> list[Answer]:
    """The answer of the system `name` to each of its `questions`, in order. ModelError where one is not answered."""
    [model] = asking.models
    found = ask_rows(
        f"evaluate {name}", rows, asking, lambda _, done: {"response": done.text.strip(), "finish_reason": done.finish_reason},
    )
    if found.dropped:
        first = found.dropped[0]
        raise ModelError(
            f"{model.title} left {len(found.dropped)} of {len(rows)} prompts unanswered, first {first['id']}: "
            f"{first['reason']}, {first['detail']}"
        )
    return [Answer(model.title, **found.accepted[row.id]) for row in rows]
