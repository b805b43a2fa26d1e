"""Ray Data: any other backend as workers over a cluster (machine.executor: ray).

Rows go to the workers in batches, and a batch's answers come back whole, as it is finished. A worker that dies costs
its batch in flight, which Ray gives to another; so nothing is lost, and nothing comes twice. Workers are started for
each call of `complete`, no more of them than there are batches.

On a cluster of one's own (machine.ray.address) each node wants this project's requirements, the model under the same
path or hub name, and for an OpenAI server the key in the environment that `ray start` was called in. Ray's clusters ask
for a token by default: set RAY_AUTH_MODE=token. A GPU worker sees only the GPUs that Ray lends it.
"""

from __future__ import annotations

import importlib.util
import json
import math
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from synthempathy.core.errors import ModelError, SynthempathyError
from synthempathy.llm.backends import Completion, Failure, Request, backend_of, open_backend
from synthempathy.llm.backends.ray_cluster import last_line, start_cluster
from synthempathy.llm.loading import Model, is_folder
from synthempathy.llm.params import Engine, Machine, Sampling

#: Batches that a worker has at hand: one being written, one waiting.
BATCHES_IN_FLIGHT = 2
#: How often a batch is begun: where each worker dies of it, the fault is in its rows, or in the memory they want.
TRIES = 5


class RayExecutor:
    """As many engines as machine.ray.workers, on this machine or a cluster.

    A row's text is that of the backend, whatever worker writes it. `retries` sums up the workers' own.
    """

    def __init__(self, model: Model, engine: Engine, machine: Machine) -> None:
        if importlib.util.find_spec("ray") is None:
            raise ModelError("Ray is not installed; pip install 'synthempathy[ray]'")
        if backend_of(engine).local_weights and is_folder(model.name):
            model = replace(model, name=str(Path(model.name).resolve()))  # workers may stand in another folder
        if model.adapter is not None:
            model = replace(model, adapter=model.adapter.resolve())
        self.settings, self.retries = machine.ray, 0
        self._opened = (model, engine, machine.model_copy(update={"executor": "local"}))
        self._backend = engine.backend
        self._started = start_cluster(machine.ray)

    @property
    def version(self) -> str:
        import ray

        return f"{self._backend} on ray {ray.__version__}"

    def close(self) -> None:
        """End the cluster, or leave it, if it was started elsewhere."""
        if self._started:
            import ray

            ray.shutdown()
            self._started = False

    def complete(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[Completion | Failure]:
        """Answer the requests, longest first, so that those of a batch are of like length."""
        waiting = {request.id for request in requests}
        with closing(self._batches(requests, sampling)) as batches:
            for batch in batches:
                self.retries += batch["retries"]
                self._backend = batch["version"] or self._backend
                for outcome in batch["outcomes"]:
                    if outcome["id"] in waiting:
                        waiting.remove(outcome["id"])
                        yield Completion(**outcome) if "text" in outcome else Failure(**outcome)
                if batch["error"]:
                    raise ModelError(batch["error"])
        if waiting:
            raise ModelError(f"Ray lost {len(waiting)} of {len(requests)} rows, first {min(waiting)}; run again")

    def _batches(self, requests: Sequence[Request], sampling: Sampling) -> Generator[dict[str, Any], None, None]:
        """What the workers return, batch by batch. ModelError where Ray gives up."""
        import ray

        if not requests:
            return
        rows = [json.dumps(asdict(request)) for request in sorted(requests, key=_longest_first)]
        count = math.ceil(len(rows) / self.settings.rows_per_batch)
        tries = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(_Tries).remote()
        work = ray.data.from_items(rows, override_num_blocks=count).map_batches(
            _Worker,
            fn_constructor_args=(tries, sampling, self._opened),
            batch_size=None,  # a block is a batch
            compute=ray.data.ActorPoolStrategy(
                size=min(self.settings.workers, count), max_tasks_in_flight_per_actor=BATCHES_IN_FLIGHT,
            ),
            num_cpus=self.settings.cpus_per_worker,
            num_gpus=self.settings.gpus_per_worker,
        )
        try:
            for batch in work.iter_batches(batch_size=None, prefetch_batches=0):
                yield from map(json.loads, batch["answered"])
        except Exception as error:
            raise ModelError(f"Ray gave up: {last_line(error)}") from error


class _Worker:
    """An engine in a process of its own, somewhere on the cluster. Loaded at its first batch."""

    def __init__(self, tries: Any, sampling: Sampling, opened: tuple[Model, Engine, Machine]) -> None:
        self.tries, self.sampling, self.opened = tries, sampling, opened
        self.backend: Any = None

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[str]]:
        """One row for the whole batch, so that it comes whole or not at all.

        An error goes back as a line among the answers: Ray would try again what it sees raised, or show where.
        """
        import ray

        requests = [Request(**json.loads(row)) for row in batch["item"]]
        outcomes: list[dict[str, Any]] = []
        error, version, retries = "", "", getattr(self.backend, "retries", 0)
        try:
            if ray.get(self.tries.begin.remote(requests[0].id)) > TRIES:
                raise ModelError(
                    f"row {requests[0].id}: each of {TRIES} Ray workers died while it wrote this row and "
                    f"{len(requests) - 1} more; look at the machine's memory, or lower machine.ray.rows_per_batch"
                )
            self.backend = self.backend or open_backend(*self.opened)
            for outcome in self.backend.complete(requests, self.sampling):
                outcomes.append(asdict(outcome))
            version = self.backend.version
        except SynthempathyError as caught:
            error = str(caught)
        retries = getattr(self.backend, "retries", 0) - retries
        return {"answered": [json.dumps({"outcomes": outcomes, "error": error, "version": version, "retries": retries})]}


class _Tries:
    """Counts how often each batch was begun, outside the workers, which may die of it."""

    def __init__(self) -> None:
        self.begun: Counter[str] = Counter()

    def begin(self, batch: str) -> int:
        self.begun[batch] += 1
        return self.begun[batch]


def _longest_first(request: Request) -> tuple[int, str]:
    return -sum(len(message["content"]) for message in request.messages), request.id
