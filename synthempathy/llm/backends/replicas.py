"""Several engines for one model: workers that live as long as the step and take the next row as they finish one.

It is one mechanism for the GPUs of this machine (machine.replicas) and for a cluster (machine.executor: ray): only where
a worker is started differs. Each loads the model once, holds a few rows more than it writes at once, and hands each row
over as it is finished. A worker that dies costs its rows in flight, which others do again, and is started anew.
"""

from __future__ import annotations

import atexit
import math
import weakref
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Protocol

from synthempathy.core.errors import ModelError
from synthempathy.llm.backends import Completion, Failure, Request
from synthempathy.llm.params import Sampling

#: How often a row is begun: where each worker dies of it, the fault is in the row, or in the memory it wants. And how many
#: workers in a row may die before one has loaded its model; over hours any number may, each of which another replaces.
TRIES = 5
#: How long to wait for news before the places are looked at again.
SECONDS_BETWEEN_LOOKS = 0.2


class Places(Protocol):
    """Where workers are started. `name` says it in errors, `suffix` in a row's version."""

    name: str
    suffix: str

    def start(self) -> None:
        """Start one worker, whose connection will come."""
        ...

    def connected(self) -> list[Connection]:
        """The connections of workers that have come since the last call. ModelError where one cannot."""
        ...

    def close(self) -> None:
        """End what is left of the workers, whose connections have been told to close."""
        ...


@dataclass
class _Worker:
    """A worker as seen from here. `room` is 0 until it has loaded its model; `call` is what it was last told to begin."""

    connection: Connection
    room: int = 0
    call: int = -1
    ended: bool = True
    begun: int = 0  # times it was told to begin and has not said that it is idle
    told: int = 0  # answered rows that it knows of: those of others that it was told of, and its own
    retries: int = 0
    rows: dict[str, Request] = field(default_factory=dict)


class Replicas:
    """As many engines as wanted, on `places`. A row's text is that of the backend, whichever worker writes it.

    `retries` sums up the workers' own; `loads` counts the models loaded.
    """

    def __init__(self, places: Places, count: int, backend: str, *, local_weights: bool) -> None:
        self.local_weights, self.retries, self.loads = local_weights, 0, 0
        self._places, self._version, self._call, self._answered = places, backend, 0, 0
        self._workers: list[_Worker] = []
        self._in_vain = 0  # workers that died before they had loaded, since the last that had
        self._shut_down = weakref.finalize(self, _shut_down, places, self._workers)
        atexit.register(self._shut_down)  # after multiprocessing's own, which waits for its processes: so before it
        for _ in range(count):
            places.start()

    @property
    def version(self) -> str:
        return self._version + self._places.suffix

    def answered_before(self, rows: int) -> None:
        """So many rows of this step were answered in other runs: a worker that asks a server wants to know."""
        self._answered += rows

    def close(self) -> None:
        """End the workers."""
        self._shut_down()

    def complete(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[Completion | Failure]:
        """Answer the requests, each as it is finished."""
        self._call += 1
        waiting = deque(requests)
        left, deaths = len(waiting), Counter[str]()
        try:
            while left:
                self._workers += [_Worker(connection) for connection in self._places.connected()]
                self._feed(waiting, sampling)
                ready = wait([worker.connection for worker in self._workers], SECONDS_BETWEEN_LOOKS)
                for worker in [worker for worker in self._workers if worker.connection in ready]:
                    try:
                        outcome = self._news(worker)
                    except (EOFError, OSError) as gone:
                        self._bury(worker, waiting, deaths, str(gone))
                        continue
                    if outcome is not None:
                        left -= 1
                        yield outcome
        finally:
            for worker in self._workers:
                if worker.rows or not worker.ended:
                    _tell(worker, "stop", self._call)
                    worker.ended = True
                    worker.rows.clear()

    def _feed(self, waiting: deque[Request], sampling: Sampling) -> None:
        """Give each worker rows up to its room, in turns, so that the last are spread; then say that there are no more."""
        free = [worker for worker in self._workers if worker.room]
        while waiting and (free := [worker for worker in free if len(worker.rows) < worker.room]):
            for worker in free:
                if not waiting:
                    break
                if worker.ended or worker.call != self._call:
                    news, worker.told = self._answered - worker.told, self._answered
                    _tell(worker, "begin", self._call, sampling, math.ceil(len(waiting) / len(self._workers)), news)
                    worker.call, worker.ended, worker.begun = self._call, False, worker.begun + 1
                request = waiting.popleft()
                worker.rows[request.id] = request
                _tell(worker, "row", self._call, request)
        if not waiting:
            for worker in self._workers:
                if not worker.ended:
                    _tell(worker, "end", self._call)
                    worker.ended = True

    def _news(self, worker: _Worker) -> Completion | Failure | None:
        """One message: an outcome of this call, or None. ModelError where the engine refuses; EOFError where it died."""
        kind, *told = worker.connection.recv()
        if kind == "ready":
            worker.room, self.loads, self._in_vain = told[0], self.loads + 1, 0
        elif kind == "idle":
            worker.begun -= 1
            if worker.rows and not worker.begun:  # else they would be waited for without end
                raise ModelError(
                    f"a worker {self._places.name} left {len(worker.rows)} rows unanswered, first {min(worker.rows)}; run again"
                )
        elif kind == "died":
            raise EOFError(told[0])
        elif kind == "error" and told[0] in (None, self._call):
            raise ModelError(told[1])
        elif kind == "done":
            call, outcome, self._version, retries = told
            self.retries += retries - worker.retries
            worker.retries = retries
            if isinstance(outcome, Completion):
                self._answered, worker.told = self._answered + 1, worker.told + 1
            if call == self._call and worker.rows.pop(outcome.id, None):
                found: Completion | Failure = outcome
                return found
        return None

    def _bury(self, worker: _Worker, waiting: deque[Request], deaths: Counter[str], said: str) -> None:
        """A worker is dead: its rows in flight go to others, and another is started."""
        self._workers.remove(worker)
        worker.connection.close()
        lost = list(worker.rows.values())
        deaths.update(row.id for row in lost)
        self._in_vain += not worker.room
        first = max((row.id for row in lost), key=deaths.__getitem__, default="")
        if max(deaths[first], self._in_vain) >= TRIES:
            what = f"row {first}: each of {TRIES} workers died while it wrote this row and {len(lost) - 1} more" if first else (
                f"{TRIES} workers died one after the other before they had loaded the model")
            raise ModelError(f"{what} ({self._places.name}){': ' + said if said else ''}; look at the machine's memory")
        waiting.extendleft(reversed(lost))
        self._places.start()


def _tell(worker: _Worker, *message: object) -> None:
    """A worker that is gone is met as its connection is read."""
    try:
        worker.connection.send(message)
    except OSError:
        return


def _shut_down(places: Places, workers: list[_Worker]) -> None:
    for worker in workers:
        _tell(worker, "close")
    places.close()
    for worker in workers:
        worker.connection.close()
    workers.clear()
