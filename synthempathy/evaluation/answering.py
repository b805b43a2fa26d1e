"""A model answers the explanations. Each finished answer goes to the response store, so that a killed run goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from synthempathy.core.errors import ModelError
from synthempathy.core.progress import Advance, progress, say
from synthempathy.evaluation.arms import Arm

if TYPE_CHECKING:
    from synthempathy.core.records import Pair
    from synthempathy.llm.backends import Completion
    from synthempathy.llm.prompts import Prompt
    from synthempathy.llm.store import Question, Store
    from synthempathy.project.params import Params


@dataclass(frozen=True)
class Answer:
    """A response, and why it ended: "stop", "length" (cut), or None where that is not known."""

    model: str
    response: str
    finish_reason: str | None


def answers(arm: Arm, pairs: Sequence[Pair], prompt: Prompt, settings: Params) -> list[Answer]:
    """The arm's answer to each pair's explanation, in order. ModelError where one is not answered.

    What was answered before comes from the store. A request's seed follows from its messages and
    evaluate.sampling.seed alone, so every arm is asked the same with the same chance.
    """
    from synthempathy.llm.store import Question, Store

    sampling = settings.evaluate.sampling
    backend, model = origin(arm, settings)
    questions = {
        pair.id: Question(backend, model, prompt.messages(explanation=pair.explanation), sampling, sample=0, attempt=0)
        for pair in pairs
    }
    with Store(Path(settings.machine.store)) as store:
        kept = store.find(questions.values())
        found = {
            row: _answer(arm, kept[question.key]) for row, question in questions.items() if question.key in kept
        }
        missing = {row: question for row, question in questions.items() if row not in found}
        if found:
            say(f"evaluate: {arm.name}: {len(found)} of {len(pairs)} answers were in the store")
        if missing:
            with progress(f"evaluate: {arm.name}", len(pairs), done=len(found)) as advance:
                found |= _asked(arm, missing, settings, store, advance)
    left = [pair.id for pair in pairs if pair.id not in found]
    if left:
        raise ModelError(f"{arm.title} left {len(left)} of {len(pairs)} prompts unanswered, first {left[0]}")
    return [found[pair.id] for pair in pairs]


def origin(arm: Arm, settings: Params) -> tuple[str, str]:
    """What runs the arm, and what the arm is, by content: its part of the store's keys."""
    from synthempathy.llm.params import WeightedModel
    from synthempathy.llm.writing import writer

    by = writer(WeightedModel(model=arm.model, revision=arm.revision), settings.engine)
    return by.backend, by.identity if arm.adapter is None else f"{by.identity} + {_content(arm.adapter)}"


def _asked(
    arm: Arm, missing: dict[str, Question], settings: Params, store: Store, advance: Advance,
) -> dict[str, Answer]:
    """Load the model, ask, keep each answer as it comes, and close the model: one at a time is in memory."""
    from synthempathy.llm.backends import Failure, Request, open_engine
    from synthempathy.llm.clock import Clock
    from synthempathy.llm.store import Making

    found: dict[str, Answer] = {}
    sampling = settings.evaluate.sampling
    clock = Clock(settings.engine, settings.machine)
    engine = open_engine(arm.model, arm.revision, settings.engine, settings.machine, arm.adapter)
    try:
        requests = [Request(row, question.messages, question.seed) for row, question in missing.items()]
        for done in engine.complete(requests, sampling):
            if isinstance(done, Failure):
                raise ModelError(f"{arm.title} gave no answer to {done.id}: {done.reason}, {done.detail}")
            making = Making("evaluate", arm.title, engine.version, *clock.share())
            store.add(missing[done.id].key, done, sampling.max_tokens, making)
            found[done.id] = _answer(arm, done)
            advance()
    finally:
        engine.close()
    return found


def _answer(arm: Arm, done: Completion) -> Answer:
    return Answer(arm.title, done.text.strip(), done.finish_reason)


def _content(adapter: Path) -> str:
    """A hash of the files that make the adapter."""
    digest = hashlib.sha256()
    for path in sorted(adapter.iterdir()):
        if path.suffix in {".safetensors", ".json"}:
            digest.update(path.name.encode())
            with path.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return f"sha256:{digest.hexdigest()}"
