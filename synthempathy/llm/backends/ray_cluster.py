"""Starting a Ray cluster on this machine, or joining one, without a word on the screen."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from synthempathy.core.errors import ModelError
from synthempathy.core.threads import environment_as_found
from synthempathy.llm.params import RaySettings

#: Bytes of Ray's object store on a cluster of this machine alone; what does not fit is put on disk.
OBJECT_STORE = 256 << 20
#: How often a cluster of this machine is started: Ray gives each start 30 seconds, which a busy machine may need.
STARTS = 3
#: How long a cluster's address may take to answer.
KNOCK_SECONDS = 20.0


def start_cluster(settings: RaySettings) -> tuple[bool, dict[str, float]]:
    """Start or join the cluster: whether that was done here, and so is to be undone here (`ray.shutdown`); what it has.

    ModelError where there is none.
    """
    if settings.address:
        _knock(settings.address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    # Ray's own 15 leaves a worker a thirtieth of a core that anything else wants; ours do the step's work, and no other does.
    os.environ.setdefault("RAY_worker_niceness", "0")
    import ray

    logging.getLogger("ray").setLevel(logging.CRITICAL)
    if ray.is_initialized():
        return False, ray.cluster_resources()
    for start in range(1, STARTS + 1):
        try:
            with _own_signals(), _suppress_stderr(), environment_as_found():  # Ray gives its workers threads by num_cpus
                ray.init(**_where(settings), log_to_driver=False, logging_level=logging.CRITICAL)
            break
        except Exception as error:
            if start == STARTS or settings.address or "timed out during startup" not in str(error):
                raise _no_cluster(settings.address, error) from error
    return True, ray.cluster_resources()


def last_line(error: BaseException) -> str:
    """What went wrong, on one line: of Ray's many the last, which names it."""
    cause = getattr(error, "cause", None) or error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return f"{type(cause).__name__}: {lines[-1] if lines else 'no more is known'}"


def _where(settings: RaySettings) -> dict[str, Any]:
    """Arguments of `ray.init`. Other machines are sent this package; this one finds it where the driver does."""
    if settings.address:
        package = Path(__file__).resolve().parents[2]  # synthempathy
        return {"address": settings.address, "runtime_env": {"py_modules": [str(package)]}}
    cpus = settings.workers * settings.cpus_per_worker + 1  # one for Ray itself; they are a count, not cores
    return {"address": "local", "num_cpus": cpus, "object_store_memory": OBJECT_STORE, "include_dashboard": False}


def _knock(address: str) -> None:
    """ModelError where nothing listens at host:port. Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if host and "/" not in host and port.isdigit():
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK_SECONDS).close()
        except (OSError, OverflowError) as error:
            raise _no_cluster(address, error) from None


def _no_cluster(address: str | None, error: Exception) -> ModelError:
    hint = "; does it run, and want RAY_AUTH_MODE=token in the environment?" if address else ""
    return ModelError(f"no Ray cluster at {address or 'this machine'}: {last_line(error)}{hint}")


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep our answer to SIGTERM: Ray puts its own there, which ends with another exit code."""
    ours = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if ours is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, ours)


@contextmanager
def _suppress_stderr() -> Iterator[None]:
    """Without what Ray's C++ writes on standard error as it starts: that its logging is off."""
    sys.stderr.flush()
    shown, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(shown, 2)
        os.close(shown)
        os.close(nowhere)
