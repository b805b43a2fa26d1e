"""The work of a generation step: ask, check, ask again within a bound, keep every finished answer."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stages.common.ledger import Ledger
from stages.common.progress import Advance, progress, say
from stages.common.records import Record
from stages.common.sections import Engine as EngineParams
from stages.common.sections import Params, Step
from stages.generation import checks
from stages.generation.cost import Cost, record_cost
from stages.generation.engines import Completion, Engine, Failure, Request, open_engine
from stages.generation.engines.loading import identity
from stages.generation.prompts import Message
from stages.generation.store import Question, Store


@dataclass(frozen=True)
class Ask:
    """One row wanted. `record` is what a dropped row is written from."""

    id: str
    record: Record
    messages: list[Message]
    sample: int = 0


@dataclass
class Answers:
    """What came of the asks: by id, in the asks' order; every ask is in exactly one of the two."""

    accepted: dict[str, dict[str, str]] = field(default_factory=dict)
    dropped: list[dict[str, Any]] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    asked_again: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def metrics(self, step: str, rows_in: int) -> dict[str, object]:
        """The step's metrics; rows conserved."""
        ledger = Ledger(step, rows_in, checks.REASONS)
        for reason, rows in self.reasons.items():
            ledger.drop(reason, rows)
        return ledger.close(len(self.accepted)) | {
            "asked_again": self.asked_again, "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
        }


#: Gives the row's new fields, or the reason why the answer is no good.
Reader = Callable[[Ask, Completion], "dict[str, str] | str"]


def generate(step: str, asks: Sequence[Ask], settings: Step, params: Params, read: Reader) -> Answers:
    """Answer all asks with the step's model.

    Each is asked up to `settings.attempts` times, each time with another draw, until `read` accepts it. Finished
    answers are kept in the store at once and found there again. Ids in the asks are unique.
    """
    started = time.monotonic()
    answers, cost = Answers(), Cost()
    backend, model = _origin(settings, params.engine)
    waiting = list(asks)
    failed: dict[str, tuple[str, str]] = {}
    engine: Engine | None = None
    with Store(Path(params.machine.store), engine=backend) as store, progress(step, len(asks)) as advance:
        for attempt in range(settings.attempts):
            questions = {
                ask.id: Question(backend, model, ask.messages, settings.sampling, ask.sample, attempt)
                for ask in waiting
            }
            found = store.find(questions.values())
            missing = [ask for ask in waiting if questions[ask.id].key not in found]
            cost.cache_hits += len(waiting) - len(missing)
            if attempt == 0:
                say(f"{step}: {len(asks)} rows, {len(asks) - len(missing)} of them in the store")
            for ask in waiting:
                if questions[ask.id].key in found:
                    _take(ask, found[questions[ask.id].key], read, answers, failed, advance)
            if missing:
                engine = engine or open_engine(settings.model, settings.revision, params.engine, params.machine)
                by_id = {ask.id: ask for ask in missing}
                requests = [Request(ask.id, ask.messages, questions[ask.id].seed) for ask in missing]
                for completion in engine.complete(requests, settings.sampling):
                    if isinstance(completion, Failure):
                        failed[completion.id] = (completion.reason, completion.detail)
                        continue
                    store.add(questions[completion.id].key, completion, settings.sampling.max_tokens)
                    cost.add(completion)
                    _take(by_id[completion.id], completion, read, answers, failed, advance)
            waiting = [ask for ask in waiting if ask.id not in answers.accepted]
            if not waiting:
                break
            answers.asked_again += len(waiting) if attempt + 1 < settings.attempts else 0
        for ask in waiting:
            reason, text = failed[ask.id]
            answers.reasons[reason] += 1
            answers.dropped.append(ask.record.dropped(reason, text) | {"id": ask.id})
            advance()
    answers.accepted = {ask.id: answers.accepted[ask.id] for ask in asks if ask.id in answers.accepted}
    record_cost(step, replace(cost, seconds=time.monotonic() - started, retries=answers.asked_again))
    return answers


def _origin(settings: Step, engine: EngineParams) -> tuple[str, str]:
    """What runs the model, and what the model is: the part of the store's key that is the same for all rows."""
    if engine.backend == "openai":
        return f"openai/{engine.openai.base_url}", settings.model
    return f"{engine.backend}/{engine.dtype}", identity(settings.model, settings.revision)


def _take(
    ask: Ask, completion: Completion, read: Reader, answers: Answers, failed: dict[str, tuple[str, str]],
    advance: Advance,
) -> None:
    answers.prompt_tokens += completion.prompt_tokens
    answers.completion_tokens += completion.completion_tokens
    result = read(ask, completion)
    if isinstance(result, str):
        failed[ask.id] = (result, completion.text)
    else:
        answers.accepted[ask.id] = result
        advance()
