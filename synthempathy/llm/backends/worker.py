"""A worker of replicas.py: one engine in a process of its own, fed row by row over a connection.

To it come ("begin", call, sampling, about how many rows, how many others answered since the last), ("row", call, request),
("end", call): no more rows for now, ("stop", call): drop them, ("close",). From it come ("ready", rows that it holds at
once), ("done", call, outcome, version, retries), ("idle", call), ("error", call, line) and ("died", line), its last word.
A connection that closes ends it.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread
from typing import Any, cast, overload

from synthempathy.core.errors import SynthempathyError
from synthempathy.llm.backends import Completion, Failure, Loaded, Request, open_backend
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Machine, Sampling

#: What an engine is opened with.
Opened = tuple[Model, Engine, Machine]
#: Rows at hand beside those that the engine holds: it never waits for one while the connection brings it.
PREFETCH = 16


def serve(connection: Connection, opened: Opened) -> None:
    """Load the engine, once, and answer what comes until the connection is closed."""
    inbox = _Inbox(connection)
    Thread(target=inbox.read, daemon=True, name="worker-inbox").start()  # now: nobody may wait any more when it is loaded
    try:
        engine = open_backend(*opened)
    except SynthempathyError as error:
        connection.send(("error", None, str(error)))
        inbox.over = True
        return
    holds = getattr(engine, "in_flight", None)
    connection.send(("ready", (holds or opened[2].batch_size) + PREFETCH))
    try:
        while (begun := inbox.next_call()) is not None:
            call, sampling, about, answered = begun
            if told := getattr(engine, "answered_before", None):  # a server that refuses rows: is it these, or all?
                told(answered)
            try:
                _answer(connection, engine, _Feed(inbox, call, about), sampling, None if holds else opened[2].batch_size)
            except SynthempathyError as error:
                if getattr(engine, "dead", False):
                    connection.send(("died", str(error)))
                    return
                connection.send(("error", call, str(error)))
            connection.send(("idle", call))
    finally:
        engine.close()
        inbox.over = True


def _answer(
    connection: Connection, engine: Loaded, feed: _Feed, sampling: Sampling, batch: int | None
) -> None:
    """All rows of a call: in one go where the engine takes them as they come, else as many at a time as it writes."""
    while True:
        some: Sequence[Request] = feed if batch is None else feed.batch(batch)
        if batch is not None and (not some or feed.stopped):
            return
        outcomes = cast(Generator[Completion | Failure], engine.complete(some, sampling))
        with closing(outcomes):
            for outcome in outcomes:
                if feed.stopped:
                    return
                connection.send(("done", feed.call, outcome, engine.version, getattr(engine, "retries", 0)))
        if batch is None:
            return


class _Inbox:
    """What the connection brings, read by a thread so that a stop is known in the middle of a call."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self.messages, self.stopped = connection, SimpleQueue[Any](), -1
        self.over = False  # nothing is left to end

    def read(self) -> None:
        while True:
            try:
                message = self._connection.recv()
            except (EOFError, OSError):
                if self.over:
                    return
                os._exit(1)  # whoever asked is gone: nobody wants the rest
            if message[0] == "stop":
                self.stopped = max(self.stopped, message[1])
            elif message[0] == "close":
                self.stopped = 1 << 62
            self.messages.put(message)
            if message[0] == "close":
                return

    def next_call(self) -> tuple[int, Sampling, int, int] | None:
        """The next call; what is left of the ones before is thrown away. None where there is no other."""
        while True:
            message = self.messages.get()
            if message[0] == "close":
                self.messages.put(message)
                return None
            if message[0] == "begin":
                return message[1], message[2], message[3], message[4]


class _Feed(Sequence[Request]):
    """The rows of one call, as they come; each is given once. It ends with the call, or where the call is stopped."""

    def __init__(self, inbox: _Inbox, call: int, about: int) -> None:
        self._inbox, self.call, self._about, self._ended = inbox, call, about, False

    @property
    def stopped(self) -> bool:
        """Whether nobody wants its rows any more."""
        return self._inbox.stopped >= self.call

    def __iter__(self) -> Iterator[Request]:
        while (row := self._next()) is not None:
            yield row

    def __len__(self) -> int:
        """This worker's share as the call began: others may take some of it, or leave more."""
        return self._about

    @overload
    def __getitem__(self, index: int) -> Request: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Request]: ...
    def __getitem__(self, index: int | slice) -> Request | Sequence[Request]:
        raise TypeError("rows come one after the other")

    def batch(self, size: int) -> list[Request]:
        """The next `size` rows, fewer only at the end. Waiting for them costs a moment, as more are sent than a batch
        holds, or that there are no more; a batch that began with the first that came would take as long as a full one.
        """
        return list(islice(self, size))

    def _next(self) -> Request | None:
        if self._ended:
            return None
        message = self._inbox.messages.get()
        if message[0] == "row":
            return cast(Request, message[2]) if message[1] == self.call else self._next()
        self._ended = True
        if message[0] == "close":
            self._inbox.messages.put(message)
        return None
