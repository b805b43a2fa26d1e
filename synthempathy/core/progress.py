"""Progress on anything that takes seconds: a rich bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from synthempathy.core.harmless import harmless

PLAIN_LINE_EVERY_SECONDS = 15.0

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


def _bar(label: str, total: int, before: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
        TimeRemainingColumn(), TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(harmless(label), total=total, completed=before, note="")

        def advance(steps: int = 1, note: str = "") -> None:
            bars.update(task, advance=steps, note=harmless(note))

        yield advance


def _lines(label: str, total: int, before: int) -> Iterator[Advance]:
    started = last = time.monotonic()
    done = before

    def advance(steps: int = 1, note: str = "") -> None:
        nonlocal done, last
        done += steps
        now = time.monotonic()
        if now - last >= PLAIN_LINE_EVERY_SECONDS:
            last = now
            pace = (done - before) / (now - started)
            left = f"about {(total - done) / pace:.0f} s left" if pace else "time left not known yet"
            say(f"{label}: {done}/{total}, {left}{', ' + note if note else ''}")

    yield advance
    say(f"{label}: {done}/{total} in {time.monotonic() - started:.1f} s")
