"""A generation step under way: tries, from the store or the model, until each row is accepted or given up."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, cast

from synthempathy.core.progress import Advance
from synthempathy.generation.params import Step
from synthempathy.llm.asks import Answers, Ask, Reader
from synthempathy.llm.backends import Completion, Engine, Failure, Request, open_engine
from synthempathy.llm.clock import Clock
from synthempathy.llm.cost import Cost
from synthempathy.llm.loading import identity
from synthempathy.llm.params import Engine as EngineParams
from synthempathy.llm.params import WeightedModel
from synthempathy.llm.store import Making, Question, Store
from synthempathy.project.params import Params

_LOOK_UPS_AT_ONCE = 500


@dataclass(frozen=True)
class Try:
    """An ask, and how often it was asked before."""

    ask: Ask
    attempt: int


@dataclass(frozen=True)
class Writer:
    """A model. `backend` and `identity` are the part of the store's key that is the same for all its rows."""

    name: str
    revision: str | None
    backend: str
    identity: str


class Writing:
    """A step under way: what is answered so far, and what it cost."""

    def __init__(self, step: str, settings: Step, params: Params, read: Reader, store: Store) -> None:
        self._step, self._settings, self._params, self._read, self._store = step, settings, params, read, store
        self._answers, self.cost = Answers(), Cost()
        self._given_up: dict[str, dict[str, Any]] = {}
        self._shown = 0
        self.energy_source: str | None = None

    @property
    def finished(self) -> int:
        """Rows that are accepted or given up."""
        return len(self._answers.accepted) + len(self._given_up)

    def from_store(self, writer: Writer, waiting: Sequence[Try]) -> list[Try]:
        """Take what the store holds of these tries and of those that follow from them; the tries that it lacks."""
        lacking = []
        while waiting:
            again: list[Try] = []
            for start in range(0, len(waiting), _LOOK_UPS_AT_ONCE):
                some = waiting[start : start + _LOOK_UPS_AT_ONCE]
                keys = [self._question(writer, one).key for one in some]
                found = self._store.find_keys(dict.fromkeys(keys, self._settings.sampling.max_tokens))
                for one, key in zip(some, keys, strict=True):
                    if key in found:
                        self.cost.cache_hits += 1
                        again += self._take(writer, one, found[key], found[key].seconds, found[key].kwh)
                    else:
                        lacking.append(one)
            waiting = again
        return lacking

    def write(self, writer: Writer, waiting: list[Try], advance: Advance) -> None:
        """Load the model and ask it these tries, and again those that it answers badly."""
        self._shown = self.finished
        clock = Clock(self._params.engine, self._params.machine)
        self.energy_source = clock.source
        engine = open_engine(writer.name, writer.revision, self._params.engine, self._params.machine)
        try:
            while waiting:
                waiting = self.from_store(writer, self._round(writer, engine, waiting, clock, advance))
                self._show(advance, clock)
        finally:
            self.cost.retries += getattr(engine, "retries", 0)  # requests that a server made it repeat
            engine.close()

    def _round(
        self, writer: Writer, engine: Engine, waiting: list[Try], clock: Clock, advance: Advance
    ) -> list[Try]:
        """Ask each try once; the tries that follow."""
        settings, again = self._settings, list[Try]()
        by_id, keys, requests = {}, {}, []
        for one in waiting:
            question = self._question(writer, one)
            by_id[one.ask.id], keys[one.ask.id] = one, question.key
            requests.append(Request(one.ask.id, question.messages, question.seed))
        completions = cast(Generator[Completion | Failure], engine.complete(requests, settings.sampling))
        with closing(completions):  # a stop in the middle ends the engine's requests too
            for completion in completions:
                one = by_id[completion.id]
                if isinstance(completion, Failure):
                    again += self._again(writer, one, completion.reason, completion.detail)
                else:
                    seconds, kwh = clock.share()
                    making = Making(self._step, writer.name, engine.version, seconds, kwh)
                    self._store.add(keys[one.ask.id], completion, settings.sampling.max_tokens, making)
                    self.cost.written += 1
                    self.cost.written_tokens += completion.completion_tokens
                    again += self._take(writer, one, completion, seconds, kwh)
                self._show(advance, clock)
        return again

    def _show(self, advance: Advance, clock: Clock) -> None:
        steps, self._shown = self.finished - self._shown, self.finished
        advance(steps, clock.note(self.cost))

    def _question(self, writer: Writer, one: Try) -> Question:
        return Question(
            writer.backend, writer.identity, one.ask.rendered(), self._settings.sampling, one.ask.sample, one.attempt
        )

    def _take(
        self, writer: Writer, one: Try, completion: Completion, seconds: float, kwh: float | None
    ) -> list[Try]:
        """Count an answer and check it; the try that follows where it is no good."""
        self.cost.add(completion, seconds, kwh)
        result = self._read(one.ask, completion)
        if isinstance(result, str):
            return self._again(writer, one, result, completion.text)
        self._answers.accepted[one.ask.id] = result
        self._answers.model_of[one.ask.id] = writer.name
        return []

    def _again(self, writer: Writer, one: Try, reason: str, text: str) -> list[Try]:
        if one.attempt + 1 < self._settings.attempts:
            self._answers.asked_again += 1
            self.cost.retries += 1
            return [Try(one.ask, one.attempt + 1)]
        self._answers.reasons[reason] += 1
        self._given_up[one.ask.id] = one.ask.record.dropped(reason, text) | {
            "id": one.ask.id, "asked": writer.name,
        }
        return []

    def answers_in_order(self, asks: Sequence[Ask]) -> Answers:
        """All answers, in the asks' order."""
        answers = self._answers
        answers.accepted = {ask.id: answers.accepted[ask.id] for ask in asks if ask.id in answers.accepted}
        answers.dropped = [self._given_up[ask.id] for ask in asks if ask.id in self._given_up]
        answers.prompt_tokens, answers.completion_tokens = self.cost.prompt_tokens, self.cost.completion_tokens
        return answers


def writer(model: WeightedModel, engine: EngineParams) -> Writer:
    """The model as the store's keys name it."""
    if engine.backend == "openai":
        return Writer(model.model, model.revision, f"openai/{engine.openai.base_url}", model.model)
    return Writer(model.model, model.revision, f"{engine.backend}/{engine.dtype}", identity(model.model, model.revision))
