"""How many threads the numerical libraries may use, set in this one place for every stage and every verb.

    BLAS (numpy, scipy)       1    scikit-learn makes thousands of tiny calls; with 2 threads beside other work one fit took
                                   9 s, with 1 thread 0.34 s. It is also why results do not depend on the machine's cores.
    OpenMP, torch, processes  the cores that this process may use: its affinity, or its container's quota if that is less

Threads that wait sleep, and do not spin: on a busy machine they would take the time of those they wait for. A variable that
the user has set stays as it is. `machine.threads` in params.yaml takes the place of the number of cores.

The libraries read these variables when they are loaded, so core/command.py, which every stage imports first, sets them as
it is imported. vLLM and Ray start processes that have thread rules of their own: see `environment_as_found`.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

#: One thread each, for whichever library numpy was built with. Not MKL_NUM_THREADS: torch obeys it too, in place of OpenMP's.
BLAS = ("OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS")
#: As many as there are cores: OpenMP's (scikit-learn, torch), and the processes that joblib starts.
CORES = ("OMP_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
#: Let threads that wait sleep: by the standard, and for Intel's runtime.
PATIENT = {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}

CGROUPS, OWN_CGROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")

#: What was set here -> what it was before, None where it was unset.
_before: dict[str, str | None] = {}


def set_threads(cores: int | None = None) -> None:
    """Set the variables that the user has not. `cores` (machine.threads) also replaces those that the user has.

    A library that is loaded already is set as well: a stage reads its parameters after its imports.
    """
    wanted = dict.fromkeys(BLAS, "1") | PATIENT | dict.fromkeys(CORES, str(cores or available_cores()))
    for name, value in wanted.items():
        if name in _before or name not in os.environ or (cores and name in CORES):
            _before.setdefault(name, os.environ.get(name))
            os.environ[name] = value
    if cores:
        _limit_loaded(cores)


@contextmanager
def environment_as_found() -> Iterator[None]:
    """The variables as they were before `set_threads`, for starting what divides the cores by itself."""
    ours = {name: os.environ.get(name) for name in _before}
    _set(_before)
    try:
        yield
    finally:
        _set(ours)


def available_cores(cgroups: Path = CGROUPS, own: Path = OWN_CGROUP) -> int:
    """The cores that this process may use, at least 1: those of its affinity, or its cgroup's quota, rounded up, if less."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux has it
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    quota = cpu_quota(cgroups, own)
    return cores if quota is None else max(1, min(cores, math.ceil(quota)))


def cpu_quota(cgroups: Path = CGROUPS, own: Path = OWN_CGROUP) -> float | None:
    """The smallest CPU quota, in cores, of this process's control group and of those above it; None without one.

    `cgroups` is where they are mounted; `own` lists this process's, one `number:controllers:/path` per line (cgroups(7)).
    A container sees its own group as the root of the mount, whatever its path is outside.
    """
    paths = {PurePosixPath("/")}
    for _, controllers, path in (line.split(":", 2) for line in _lines(own)):
        if not controllers or "cpu" in controllers.split(","):  # version 2 lists none
            paths |= {PurePosixPath(path), *PurePosixPath(path).parents}
    mounts = cgroups, cgroups / "unified", cgroups / "cpu", cgroups / "cpu,cpuacct"
    quotas = (_quota(mount / str(path).lstrip("/")) for mount in mounts for path in paths)
    return min((quota for quota in quotas if quota is not None), default=None)


def _quota(group: Path) -> float | None:
    """Of one group, version 2 (cpu.max: "quota period", or "max period") or 1 (a file each, -1 for none), in microseconds."""
    words = " ".join(_lines(group / "cpu.max")).split()
    if not words:
        words = [*_lines(group / "cpu.cfs_quota_us"), *_lines(group / "cpu.cfs_period_us")]
    try:
        quota, period = map(int, words)
    except ValueError:  # no such group, "max", or nothing that we know
        return None
    return quota / period if quota > 0 and period > 0 else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _set(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _limit_loaded(cores: int) -> None:
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(cores)
    if "sklearn" in sys.modules:
        from threadpoolctl import threadpool_limits

        threadpool_limits(cores, user_api="openmp")
