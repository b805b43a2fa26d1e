"""Progress on anything that takes seconds: a rich bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PLAIN_LINE_EVERY_SECONDS = 15.0

Advance = Callable[..., None]


@contextmanager
def progress(label: str, total: int) -> Iterator[Advance]:
    """Give a function `advance(steps=1, note="")`; it shows how far `label` is, out of `total`."""
    if sys.stderr.isatty():
        yield from _bar(label, total)
    else:
        yield from _lines(label, total)


def say(text: str) -> None:
    """One line for the user, on standard error, so that standard output stays free for results."""
    print(text, file=sys.stderr, flush=True)


def _bar(label: str, total: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeRemainingColumn(), TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(label, total=total, note="")

        def advance(steps: int = 1, note: str = "") -> None:
            bars.update(task, advance=steps, note=note)

        yield advance


def _lines(label: str, total: int) -> Iterator[Advance]:
    started = last = time.monotonic()
    done = 0

    def advance(steps: int = 1, note: str = "") -> None:
        nonlocal done, last
        done += steps
        now = time.monotonic()
        if now - last >= PLAIN_LINE_EVERY_SECONDS:
            last = now
            left = (now - started) / done * (total - done) if done else 0.0
            say(f"{label}: {done}/{total}, about {left:.0f} s left{', ' + note if note else ''}")

    yield advance
    say(f"{label}: {done}/{total} in {time.monotonic() - started:.1f} s")
