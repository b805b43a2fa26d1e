"""Progress on anything that takes seconds: a rich bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from synthempathy.core.harmless import harmless

PLAIN_LINE_EVERY_SECONDS = 15.0
#: From fewer nothing is said of the time that is left.
ROWS_OF_A_PACE, SECONDS_OF_A_PACE = 5, 2.0

Advance = Callable[..., None]


@contextmanager
def progress(label: str, total: int, *, done: int = 0) -> Iterator[Advance]:
    """Give a function `advance(steps=1, note="")`; it shows how far `label` is, out of `total`, and how long is left.

    `done` of the total were there before; the pace is that of the others.
    """
    if sys.stderr.isatty():
        yield from _bar(label, total, done)
    else:
        yield from _lines(label, total, done)


def say(text: str) -> None:
    """One line for the user, on standard error, so that standard output stays free for results."""
    print(harmless(text, lines=True), file=sys.stderr, flush=True)


def tell(text: str) -> None:
    """What the user asked for, on standard output, in one or more lines."""
    print(harmless(text, lines=True), flush=True)


def _bar(label: str, total: int, before: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"), TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(harmless(label), total=total, completed=before, left="", note="")
        pace = _Pace(total, before)

        def advance(steps: int = 1, note: str = "") -> None:
            pace.add(steps)
            bars.update(task, advance=steps, left=pace.left, note=harmless(note))

        yield advance


class _Pace:
    """How long is left, from the rows after the first: until that one a model was loaded, or a server woke up."""

    def __init__(self, total: int, before: int) -> None:
        self.total, self.done = total, before
        self._first: tuple[float, int] | None = None  # when it came, and how many were done with it

    def add(self, steps: int) -> None:
        self.done += steps
        if self._first is None and steps:
            self._first = time.monotonic(), self.done

    @property
    def left(self) -> str:
        """"about 40 s left"; not known from fewer than a few rows and seconds."""
        since, done = self._first or (0.0, 0)
        rows, seconds = self.done - done, time.monotonic() - since
        if self._first is None or rows < ROWS_OF_A_PACE or seconds < SECONDS_OF_A_PACE:
            return "time left not known yet"
        return f"about {(self.total - self.done) * seconds / rows:.0f} s left"


def _lines(label: str, total: int, before: int) -> Iterator[Advance]:
    started = last = time.monotonic()
    pace = _Pace(total, before)

    def advance(steps: int = 1, note: str = "") -> None:
        nonlocal last
        pace.add(steps)
        now = time.monotonic()
        if now - last >= PLAIN_LINE_EVERY_SECONDS:
            last = now
            say(f"{label}: {pace.done}/{total}, {pace.left}{', ' + note if note else ''}")

    yield advance
    say(f"{label}: {pace.done}/{total} in {time.monotonic() - started:.1f} s")
