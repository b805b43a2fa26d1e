"""How much memory is at hand, so that a model which cannot fit is refused before it is loaded."""

from __future__ import annotations

import os
from pathlib import Path


def free_memory(device: str) -> float:
    """Bytes at hand: of the GPU, or of this machine or container."""
    if device.startswith("cuda"):
        import torch

        return float(torch.cuda.mem_get_info(device)[0])
    found = [os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for line in _lines(Path("/proc/meminfo")):
        if line.startswith("MemAvailable:"):
            found = [int(line.split()[1]) * 1024]
    group = Path("/sys/fs/cgroup")
    limit, used = (_number(group / name) for name in ("memory.max", "memory.current"))
    if limit is not None and used is not None:
        found.append(limit - used + _cached(group))
    return float(min(found))


def _cached(group: Path) -> int:
    """What the container's memory holds of files, which goes where a program wants it."""
    return next((int(line.split()[1]) for line in _lines(group / "memory.stat") if line.startswith("inactive_file ")), 0)


def _number(path: Path) -> int | None:
    text = "".join(_lines(path))
    return int(text) if text.isdigit() else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
