"""A clock that attributes a model's time and energy to the completions that it writes."""

from __future__ import annotations

import time

from synthempathy.llm.backends import backend_of
from synthempathy.llm.cost import Cost
from synthempathy.llm.energy import Meter
from synthempathy.llm.params import Engine, Machine

_SHOW_EVERY_SECONDS = 0.5
_READ_ENERGY_EVERY_SECONDS = 1.0


class Clock:
    """Attributes the time and the energy of a model to its completions: each gets what went by since the one before it."""

    def __init__(self, engine: Engine, machine: Machine) -> None:
        self._started = self._last = self._read_at = self._shown_at = time.monotonic()
        self._meter = _meter(engine, machine)
        self.source = self._meter.source if self._meter else None
        self._kwh, self._note = 0.0, ""

    def share(self) -> tuple[float, float | None]:
        """(seconds, kWh) since the last call. The meter is read once a second; answers between readings take none."""
        now = time.monotonic()
        seconds, self._last = now - self._last, now
        if self.source is None or self._meter is None:
            return seconds, None
        if now - self._read_at < _READ_ENERGY_EVERY_SECONDS and self._kwh:
            return seconds, 0.0
        self._read_at, reading = now, self._meter.kwh()
        if reading is None:
            return seconds, None
        share, self._kwh = reading - self._kwh, reading
        return seconds, share

    def note(self, cost: Cost) -> str:
        """What the display says beside the bar, made anew twice a second."""
        now = time.monotonic()
        if not self._note or now - self._shown_at >= _SHOW_EVERY_SECONDS:
            self._shown_at = now
            rate = cost.written_tokens / (now - self._started)
            self._note = f"{rate:,.0f} tokens/s, {cost.cache_hits:,} from the store, {cost.retries:,} asked again"
        return self._note


def _meter(engine: Engine, machine: Machine) -> Meter | None:
    """None where the model runs on other machines, whose counters cannot be read from here."""
    counter = None if machine.executor == "ray" else backend_of(engine).energy_counter(machine)
    return None if counter is None else Meter(gpu=counter == "gpu")
