"""How review shows a pair: in a terminal or a pipe, with rich, and with everything in the data made harmless."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from synthempathy.core.harmless import harmless
from synthempathy.filters.base import TEXTS, Span
from synthempathy.filters.decisions import Decision
from synthempathy.filters.queue import Held
from synthempathy.reviewing.desk import Opinion

EVIDENCE = "bold black on yellow"


class Terminal:
    """Prints on standard output and reads answers from standard input."""

    def __init__(self) -> None:
        # Data is text and never markup: rich is given Text alone, and finds nothing in it by itself.
        self._console = Console(highlight=False, markup=False, emoji=False)
        self._woken: int | None = None
        if sys.stdin.isatty():
            self._woken, wake = os.pipe()
            os.set_blocking(wake, False)
            signal.set_wakeup_fd(wake)

    def show(
        self, row: Held, decision: Decision | None, opinions: Sequence[Opinion] = (), *, position: int, total: int,
    ) -> None:
        """The pair with its evidence marked, its reasons, and what was decided or noted before, by annotators too."""
        self.line("")
        self._console.rule(Text(f"{position} of {total}   {harmless(row.id)}"))
        for found in row.evidence:
            self.line(f"{harmless(found.reason)}: {harmless(found.detail)}", "bold")
        if decision is not None:
            state = "noted" if decision.what == "skip" else f"decided: {decision.what}"
            self.line(f"{state}, {harmless(decision.note)}" if decision.note else state, "italic")
        for one in opinions:
            note = f", {harmless(one.decision.note)}" if one.decision.note else ""
            self.line(f"{harmless(one.annotator)}: {one.decision.what}{note}", "italic")
        for field in TEXTS:
            if not getattr(row, field):
                continue
            spans = [(span[0], span[1]) for one in row.evidence if one.field == field for span in one.spans]
            self._console.print(Panel(marked(getattr(row, field), spans), title=field, title_align="left"))

    def line(self, text: str, style: str = "") -> None:
        """One line; `text` must be harmless."""
        self._console.print(Text(text, style=style))

    def ask(self, prompt: str) -> str | None:
        """The next line of the input; None at its end."""
        self._console.print(Text(prompt, style="bold cyan"), end="")
        if self._woken is not None:
            # A signal that comes just before the read starts would wait for the next line: wait for either here.
            select.select([sys.stdin, self._woken], [], [])
        try:
            return input()
        except EOFError:
            self.line("")
            return None


def marked(text: str, spans: list[Span]) -> Text:
    """`text`, harmless, with `spans` (characters of `text`; they may overlap) in the colour of evidence, between »«."""
    inside = bytearray(len(text) + 1)
    for start, end in spans:
        inside[start:end] = b"\1" * (end - start)
    shown, start = Text(), 0
    for at in range(1, len(text) + 1):
        if at == len(text) or inside[at] != inside[start]:
            piece = harmless(text[start:at], lines=True)
            shown.append(f"»{piece}«" if inside[start] else piece, EVIDENCE if inside[start] else "")
            start = at
    return shown
