"""Measured energy in kWh: NVML's counters for GPUs, RAPL's for CPU packages. Where neither can be read, none is said.

The counters see the whole device, other programs included: run alone where the figure matters. Nothing is estimated
from nominal power.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

JOULES_A_KWH = 3_600_000
RAPL = Path("/sys/class/powercap")


class Meter:
    """Counts from when it was made. `gpu` reads the GPUs that CUDA_VISIBLE_DEVICES shows, else the CPU packages count.

    Attributes:
        source: nvml, rapl, or None where nothing is measured.
    """

    def __init__(self, *, gpu: bool, rapl: Path = RAPL) -> None:
        self._counters: list[_Nvml] | list[_Rapl] = list(_gpus()) if gpu else list(_packages(rapl))
        self.source = ("nvml" if gpu else "rapl") if self._counters else None

    def kwh(self) -> float | None:
        """Energy used so far; None where it is not measured, or a counter can no longer be read."""
        if not self._counters:
            return None
        try:
            return sum(counter.joules() for counter in self._counters) / JOULES_A_KWH
        except (OSError, ValueError, RuntimeError):
            return None


class _Rapl:
    """A CPU package's counter of microjoules, which starts again at 0 when it is full."""

    def __init__(self, folder: Path) -> None:
        self._file, self._last, self._sum = folder / "energy_uj", 0, 0
        self._full = int((folder / "max_energy_range_uj").read_text())
        self._last = int(self._file.read_text())

    def joules(self) -> float:
        now = int(self._file.read_text())
        self._sum += now - self._last if now >= self._last else now + self._full - self._last
        self._last = now
        return self._sum / 1e6


class _Nvml:
    """A GPU's counter of millijoules since its driver was loaded (Volta and later)."""

    def __init__(self, nvml: Any, handle: Any) -> None:
        self._nvml, self._handle = nvml, handle
        self._start = nvml.nvmlDeviceGetTotalEnergyConsumption(handle)

    def joules(self) -> float:
        try:
            return float(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle) - self._start) / 1e3
        except self._nvml.NVMLError as error:
            raise RuntimeError(str(error)) from None


def _packages(folder: Path) -> Iterator[_Rapl]:
    """The packages alone (intel-rapl:0): cores and memory, intel-rapl:0:1, are counted in them."""
    for place in sorted(folder.glob("intel-rapl:*")):
        if place.name.count(":") == 1:
            with suppress(OSError, ValueError):  # often readable by root alone
                yield _Rapl(place)


def _gpus() -> Iterator[_Nvml]:
    try:
        import pynvml

        pynvml.nvmlInit()
        shown = os.environ.get("CUDA_VISIBLE_DEVICES")
        if shown is None:
            handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        else:
            handles = [_named(pynvml, name.strip()) for name in shown.split(",") if name.strip()]
        yield from [_Nvml(pynvml, handle) for handle in handles]  # all of them, or none
    except ImportError:
        return
    except Exception as error:  # NVMLError is made at run time: no driver, no such GPU, a counter that is not there
        if type(error).__module__ != "pynvml" and not isinstance(error, ValueError):
            raise


def _named(nvml: Any, name: str) -> Any:
    return nvml.nvmlDeviceGetHandleByIndex(int(name)) if name.isdigit() else nvml.nvmlDeviceGetHandleByUUID(name)
