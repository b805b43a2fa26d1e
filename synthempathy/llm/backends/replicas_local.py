"""Workers on this machine: a process each, with GPUs or cores of its own (machine.replicas)."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from synthempathy.core.threads import environment_as_found, set_threads
from synthempathy.llm.backends import backend_of
from synthempathy.llm.backends.gpus import visible_gpus, width
from synthempathy.llm.backends.replicas import Replicas
from synthempathy.llm.backends.worker import Opened, serve
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Machine

#: How long a worker may take to end by itself.
SECONDS_TO_END = 10.0


def open_replicas(model: Model, engine: Engine, machine: Machine, count: int) -> Replicas:
    """`count` engines on this machine."""
    places = LocalPlaces((model, engine, machine.model_copy(update={"replicas": 1})), count)
    return Replicas(places, count, engine.backend, local_weights=backend_of(engine).local_weights)


class LocalPlaces:
    """Processes of this machine. The GPUs, or the cores where there are none, are dealt out among them."""

    name, suffix = "on this machine", ""

    def __init__(self, opened: Opened, count: int) -> None:
        _, engine, machine = opened
        gpus, each = visible_gpus(machine), width(engine, machine)
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self._opened = opened
        self._shares = [
            (gpus[number * each : (number + 1) * each], cores[number::count] if not gpus else []) for number in range(count)
        ]
        self._running: dict[int, BaseProcess] = {}
        self._new: list[Connection] = []

    def start(self) -> None:
        number = next(
            n for n in range(len(self._shares)) if n not in self._running or not _alive(self._running[n])
        )
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        with environment_as_found():  # each sets its threads by the cores that it is given
            self._running[number] = context.Process(
                target=_work, args=(there, self._opened, *self._shares[number]), name=f"replica-{number}",
            )
            self._running[number].start()
        there.close()
        self._new.append(here)

    def connected(self) -> list[Connection]:
        new, self._new = self._new, []
        return new

    def close(self) -> None:
        for connection in self._new:
            connection.close()
        until = time.monotonic() + SECONDS_TO_END
        for process in self._running.values():
            process.join(max(0.0, until - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()


def _alive(process: BaseProcess) -> bool:
    """Whether it runs on; one whose connection has closed is ending."""
    process.join(1.0)
    return process.is_alive()


def _work(connection: Connection, opened: Opened, gpus: list[str], cores: list[int]) -> None:
    """The process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is answered by the step, which closes the connection
    if gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(gpus)
    if cores:
        os.sched_setaffinity(0, cores)
        set_threads(len(cores))
    serve(connection, opened)
