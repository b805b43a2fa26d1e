"""Ray: any other backend as workers over a cluster (machine.executor: ray), by the mechanism of replicas.py.

Ray starts the workers, lends each its CPUs and GPUs, and says when one cannot be started. Rows and answers go over a
connection of the worker's own to the machine that asks, under a key made for this run.

On a cluster of one's own (machine.ray.address) each node wants this project's requirements, the model under the same
path or hub name, and for an OpenAI server the key in the environment that `ray start` was called in. Ray's clusters ask
for a token by default: set RAY_AUTH_MODE=token. A GPU worker sees only the GPUs that Ray lends it.
"""

from __future__ import annotations

import importlib.util
import secrets
import time
from contextlib import suppress
from dataclasses import replace
from multiprocessing import AuthenticationError, Pipe
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from synthempathy.core.errors import ModelError
from synthempathy.core.threads import set_threads
from synthempathy.llm.backends import backend_of
from synthempathy.llm.backends.ray_cluster import last_line, start_cluster
from synthempathy.llm.backends.replicas import SECONDS_BETWEEN_LOOKS, Replicas
from synthempathy.llm.backends.worker import Opened, serve
from synthempathy.llm.loading import Model, is_folder
from synthempathy.llm.params import Engine, Machine


def open_on_ray(model: Model, engine: Engine, machine: Machine) -> Replicas:
    """As many engines as machine.ray.workers, on this machine or a cluster."""
    if importlib.util.find_spec("ray") is None:
        raise ModelError("Ray is not installed; make install EXTRAS=ray")
    local_weights = backend_of(engine).local_weights
    if local_weights and is_folder(model.name):
        model = replace(model, name=str(Path(model.name).resolve()))  # workers may stand in another folder
    if model.adapter is not None:
        model = replace(model, adapter=model.adapter.resolve())
    places = RayPlaces((model, engine, machine.model_copy(update={"executor": "local", "replicas": 1})))
    return Replicas(places, machine.ray.workers, engine.backend, local_weights=local_weights)


def gpus_per_worker(engine: Engine, machine: Machine, gpus: float) -> int:
    """GPUs to reserve for a worker, where the cluster has `gpus`. ModelError where machine.ray contradicts the engine."""
    given, wide = machine.ray.gpus_per_worker, machine.vllm.tensor_parallel_size
    if engine.backend == "vllm" and given not in (None, wide) and (given or gpus):
        raise ModelError(
            f"machine.ray.gpus_per_worker is {given}, but machine.vllm.tensor_parallel_size is {wide}; "
            "leave gpus_per_worker null, and it follows from that"
        )
    if given is not None:
        return given
    if not backend_of(engine).local_weights or machine.device == "cpu" or (machine.device == "auto" and not gpus):
        return 0
    return wide if engine.backend == "vllm" else 1


class RayPlaces:
    """Actors of a Ray cluster. One that finds no room waits for it, and the others do its rows."""

    name = "on Ray: machine.ray"

    def __init__(self, opened: Opened) -> None:
        _, engine, machine = opened
        self._opened, self._actors = opened, list[Any]()
        self._runs: dict[Any, int] = {}  # each actor's work, and its number
        self._closed = False
        self._came = set[int]()  # the numbers of those whose connection came
        self._started, there = start_cluster(machine.ray)
        try:
            self._gpus = gpus_per_worker(engine, machine, there.get("GPU", 0))
            _check_room(machine, self._gpus, there)
            import ray

            self.suffix = f" on ray {ray.__version__}"
            self._key, self._new = secrets.token_bytes(32), SimpleQueue[tuple[int, Connection]]()
            self._listener = Listener((ray.util.get_node_ip_address(), 0), backlog=64, authkey=self._key)
        except BaseException:
            self._leave()
            raise
        Thread(target=self._accept, daemon=True, name="ray-workers").start()

    def start(self) -> None:
        import ray

        machine = self._opened[2]
        actor = ray.remote(num_cpus=machine.ray.cpus_per_worker, num_gpus=self._gpus)(_Actor).remote()
        number = len(self._actors)
        self._actors.append(actor)
        self._runs[actor.work.remote(number, self._listener.address, self._key, self._opened)] = number

    def connected(self) -> list[Connection]:
        import ray

        # First those that ended: the connection of one that came before it did so is found after.
        ended = ray.wait([*self._runs], num_returns=len(self._runs), timeout=0)[0] if self._runs else []
        found = []
        with suppress(Empty):
            while True:
                number, connection = self._new.get(block=False)
                self._came.add(number)
                found.append(connection)
        for run in ended:
            number = self._runs.pop(run)
            try:
                ray.get(run)
            except ray.exceptions.ActorDiedError:  # its connection says so too, and another is started
                if number not in self._came:
                    found.append(_ended())
            except Exception as error:
                raise ModelError(f"Ray gave up: {last_line(error)}") from error
        return found

    def close(self) -> None:
        import ray

        self._closed = True
        self._listener.close()
        if not ray.is_initialized():  # ended before us; any call would start a cluster anew
            return
        if self._runs:
            ray.wait([*self._runs], num_returns=len(self._runs), timeout=1.0)
        for actor in self._actors:
            with suppress(Exception):
                ray.kill(actor)
        self._leave()

    def _leave(self) -> None:
        """End the cluster, if it was started here."""
        if self._started:
            import ray

            ray.shutdown()
            self._started = False

    def _accept(self) -> None:
        while True:
            try:
                connection: Connection = self._listener.accept()  # type: ignore[assignment]
                self._new.put((connection.recv(), connection))
            except AuthenticationError:
                continue  # whoever that was
            except (OSError, EOFError):
                if self._closed:
                    return
                time.sleep(SECONDS_BETWEEN_LOOKS)  # it died as it came; others may come


class _Actor:
    """A process somewhere on the cluster that is one worker."""

    def work(self, number: int, address: tuple[str, int], key: bytes, opened: Opened) -> None:
        set_threads()  # Ray sets their number, and not that those that wait sleep
        with Client(address, authkey=key) as connection:
            connection.send(number)
            serve(connection, opened)  # type: ignore[arg-type]


def _ended() -> Connection:
    """In place of the connection of a worker that died before it came: whoever reads it finds that its worker is gone."""
    here, there = Pipe()
    there.close()
    return here


def _check_room(machine: Machine, gpus: int, there: dict[str, float]) -> None:
    """Ray waits for ever for what a machine does not have. A cluster may have room for the other workers later."""
    workers, cpus = 1 if machine.ray.address else machine.ray.workers, machine.ray.cpus_per_worker
    if there.get("CPU", 0) < workers * cpus or there.get("GPU", 0) < workers * gpus:
        raise ModelError(
            f"machine.ray wants {workers} x {cpus} CPU and {workers} x {gpus} GPU, but Ray sees "
            f"{there.get('CPU', 0):g} and {there.get('GPU', 0):g}; lower workers or what each takes"
        )
