"""The one way to ask a model: every row until its answer is accepted, within a bound, and nothing asked twice.

Rows go to the models of a mixture by their ids, and one model is loaded at a time. A completion is kept in the store the
moment it is there, so a run that dies resumes; an answer that `read` refuses is asked again with another draw, up to
`attempts` times. Generation, the judge, the guard, the evaluation and the sampling grid all ask through `ask_rows`.
"""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from synthempathy.core.errors import run_all
from synthempathy.core.ledger import Ledger
from synthempathy.core.progress import Advance, progress, say
from synthempathy.core.records import Record
from synthempathy.llm.answers import plain_answer
from synthempathy.llm.backends import Completion, Failure, Loaded, Request, backend_of, longest_first, open_backend
from synthempathy.llm.clock import Clock
from synthempathy.llm.cost import Cost, record_cost
from synthempathy.llm.forecast import forecast
from synthempathy.llm.loading import Model
from synthempathy.llm.mixture import by_model
from synthempathy.llm.params import Engine, Machine, Sampling, engine_of
from synthempathy.llm.prompts import Message
from synthempathy.llm.reachable import checks_for_step
from synthempathy.llm.store import Provenance, Store
from synthempathy.llm.store_key import KeyMaker

_LOOK_UPS_AT_ONCE = 500


@dataclass(frozen=True)
class Row:
    """One row wanted. `record` is what a dropped row is written from.

    `messages` may be a function that renders them: they are then not all held at once.
    """

    id: str
    record: Record
    messages: list[Message] | Callable[[], list[Message]]
    sample: int = 0

    def rendered(self) -> list[Message]:
        """The chat messages."""
        return self.messages() if callable(self.messages) else self.messages


#: Gives the row's new fields, or the reason why the completion is refused.
Reader = Callable[[Row, Completion], "dict[str, str] | str"]


@dataclass
class Results:
    """What came of the rows: by id, in the rows' order; every row is in exactly one of the two."""

    accepted: dict[str, dict[str, str]] = field(default_factory=dict)
    model_of: dict[str, str] = field(default_factory=dict)  # the model that wrote each accepted row
    dropped: list[dict[str, Any]] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    asked_again: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    thought_tokens: int = 0  # of completion_tokens, by the share of the characters

    def metrics(self, step: str, rows_in: int, reasons: tuple[str, ...]) -> dict[str, object]:
        """The step's metrics, with every one of `reasons` even at 0; rows conserved."""
        ledger = Ledger(step, rows_in, reasons)
        for reason, rows in self.reasons.items():
            ledger.drop(reason, rows)
        return ledger.close(len(self.accepted)) | {
            "asked_again": self.asked_again, "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens, "thought_tokens": self.thought_tokens,
        }


@dataclass(frozen=True)
class Asking:
    """How rows are asked: by which models, drawn how, how often at most, and with what.

    `engine` runs the models that have none of their own. Answers are kept to the JSON schema `schema` by the backends that
    can; from the others the prompt's own labels come.
    """

    models: tuple[Model, ...]
    sampling: Sampling
    attempts: int
    engine: Engine
    machine: Machine
    schema: Mapping[str, Any] | None = None

    def schema_of(self, model: Model) -> Mapping[str, Any] | None:
        """The schema that the answers of `model` are kept to, by the backend that runs it."""
        return self.schema if backend_of(engine_of(model.engine, self.engine)).schemas else None


def ask_rows(step: str, rows: Sequence[Row], asking: Asking, read: Reader) -> Results:
    """Ask all rows, each of the model that its id picks. Ids are unique. `step` names them in the store and cost.json."""
    started = time.monotonic()
    gc.freeze()  # rows stay to the end: the collector need not look through them again and again
    with Store(Path(asking.machine.store)) as store:
        run = _Run(step, asking, read, store)
        left = []
        for model, part in by_model(((row.id, row) for row in rows), asking.models):
            keys = KeyMaker(model, asking.engine, asking.sampling, asking.schema_of(model))
            left.append((model, keys, run.from_store(model, keys, [(row, 0) for row in part])))
        todo = sum(len(tries) for _, _, tries in left)
        to_ask = [model for model, _, tries in left if tries]
        run_all(checks_for_step(to_ask, asking.engine, asking.machine, asking.sampling.max_tokens))
        paces = [(len(tries), store.pace(step, model.title)) for model, _, tries in left if tries]
        try:
            say(forecast(step, len(rows), paces, asking.sampling.max_tokens))
            if todo:
                with progress(step, len(rows), done=len(rows) - todo) as advance:
                    for model, keys, tries in left:
                        if tries:
                            run.ask(model, keys, tries, advance)
        except (KeyboardInterrupt, SystemExit):
            say(f"{step}: {run.finished:,} of {len(rows):,} rows are finished and kept in {store.path}")
            raise
    record_cost(step, run.cost.figures(time.monotonic() - started, run.energy_source))
    return run.results_in_order(rows)


#: A row, and how often it was asked before.
_Try = tuple[Row, int]


class _Run:
    """A step under way: what is answered so far, and what it cost."""

    def __init__(self, step: str, asking: Asking, read: Reader, store: Store) -> None:
        self._step, self._asking, self._read, self._store = step, asking, read, store
        self._results, self.cost = Results(), Cost()
        self._given_up: dict[str, dict[str, Any]] = {}
        self._shown = 0
        self._served = Counter[str]()  # answers from the store
        self.energy_source: str | None = None

    @property
    def finished(self) -> int:
        """Rows that are accepted or given up."""
        return len(self._results.accepted) + len(self._given_up)

    def from_store(self, model: Model, keys: KeyMaker, waiting: Sequence[_Try]) -> list[_Try]:
        """Take what the store holds of these tries and of those that follow from them; the tries that it lacks."""
        lacking = []
        limit = self._asking.sampling.max_tokens
        while waiting:
            again: list[_Try] = []
            for start in range(0, len(waiting), _LOOK_UPS_AT_ONCE):
                some = waiting[start : start + _LOOK_UPS_AT_ONCE]
                wanted = [keys.key(row.rendered(), row.sample, attempt) for row, attempt in some]
                found = self._store.find(dict.fromkeys(wanted, limit))
                for one, key in zip(some, wanted, strict=True):
                    if key in found:
                        self.cost.cache_hits += 1
                        self._served[model.title] += 1
                        again += self._take(model, one, found[key], found[key].seconds, found[key].kwh)
                    else:
                        lacking.append(one)
            waiting = again
        return lacking

    def ask(self, model: Model, keys: KeyMaker, waiting: list[_Try], advance: Advance) -> None:
        """Load the model and ask it these tries, and again those that it answers badly."""
        self._shown = self.finished
        clock = Clock(engine_of(model.engine, self._asking.engine), self._asking.machine)
        self.energy_source = clock.source
        loaded = open_backend(model, self._asking.engine, self._asking.machine)
        if told := getattr(loaded, "answered_before", None):  # a server that refuses rows: is it these, or all?
            told(self._served[model.title])
        try:
            while waiting:
                waiting = self.from_store(model, keys, self._round(model, keys, loaded, waiting, clock, advance))
                self._show(advance, clock)
        finally:
            self.cost.retries += getattr(loaded, "retries", 0)  # requests that a server made it repeat
            loaded.close()

    def _round(
        self, model: Model, keys: KeyMaker, loaded: Loaded, waiting: list[_Try], clock: Clock, advance: Advance,
    ) -> list[_Try]:
        """Ask each try once; the tries that follow."""
        sampling, schema, again = self._asking.sampling, self._asking.schema_of(model), list[_Try]()
        by_id: dict[str, tuple[_Try, str]] = {}
        requests = []
        for row, attempt in waiting:
            messages = row.rendered()
            by_id[row.id] = (row, attempt), keys.key(messages, row.sample, attempt)
            requests.append(Request(row.id, messages, keys.seed(messages, row.sample, attempt), schema))
        completions = cast(Generator[Completion | Failure], loaded.complete(longest_first(requests), sampling))
        with closing(completions):  # a stop in the middle ends the backend's requests too
            for completion in completions:
                one, key = by_id[completion.id]
                if isinstance(completion, Failure):
                    again += self._again(model, one, completion.reason, completion.detail)
                else:
                    seconds, kwh = clock.share()
                    provenance = Provenance(self._step, model.title, loaded.version, seconds, kwh)
                    self._store.add(key, completion, sampling.max_tokens, provenance)
                    self.cost.written += 1
                    self.cost.written_tokens += completion.completion_tokens
                    again += self._take(model, one, completion, seconds, kwh)
                self._show(advance, clock)
        return again

    def _show(self, advance: Advance, clock: Clock) -> None:
        steps, self._shown = self.finished - self._shown, self.finished
        advance(steps, clock.note(self.cost))

    def _take(self, model: Model, one: _Try, completion: Completion, seconds: float, kwh: float | None) -> list[_Try]:
        """Count a completion and read its normal form; the try that follows where it is refused."""
        self.cost.add(completion, seconds, kwh)
        row, _ = one
        plain = plain_answer(completion.text)
        if plain.thoughts:
            share = len(plain.thoughts) / len(completion.text)
            self._results.thought_tokens += round(share * completion.completion_tokens)
        result = self._read(row, replace(completion, text=plain.text, problem=plain.problem))
        if isinstance(result, str):
            return self._again(model, one, result, completion.text)
        self._results.accepted[row.id] = result
        self._results.model_of[row.id] = model.name
        return []

    def _again(self, model: Model, one: _Try, reason: str, text: str) -> list[_Try]:
        row, attempt = one
        if attempt + 1 < self._asking.attempts and reason != "refused_by_server":  # that says the same again
            self._results.asked_again += 1
            self.cost.retries += 1
            return [(row, attempt + 1)]
        self._results.reasons[reason] += 1
        self._given_up[row.id] = row.record.dropped(reason, text) | {"id": row.id, "asked": model.name}
        return []

    def results_in_order(self, rows: Sequence[Row]) -> Results:
        """All results, in the rows' order."""
        results = self._results
        results.accepted = {row.id: results.accepted[row.id] for row in rows if row.id in results.accepted}
        results.dropped = [self._given_up[row.id] for row in rows if row.id in self._given_up]
        results.prompt_tokens, results.completion_tokens = self.cost.prompt_tokens, self.cost.completion_tokens
        return results
