"""review: look at the pairs that the filter holds back, one by one, and decide.

    synthempathy review

Shows each pair of data/review/queue.jsonl with its reason and the evidence marked, and writes what you decide to
data/review/decisions.csv at once: stop whenever you like, nothing is lost. Then run `dvc repro filter`.

    k  keep    d  drop    s  skip: decide later    n  note, as in: n too private    b  back    q  quit

Pairs that are decided already are not shown again, unless --again. A decision holds for the texts that were shown: a
pair that is generated anew comes back into the queue.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from synthempathy.core.progress import say
from synthempathy.filters.decisions import Decision, read_decisions, record_decision
from synthempathy.filters.queue import read_queue

if TYPE_CHECKING:
    from synthempathy.review.terminal import Terminal

PROMPT = "keep, drop, skip, note, back, quit [k/d/s/n/b/q] "
NEXT = "Run `dvc repro filter` to carry the decisions out."


def review(queue: Path, decisions: Path, *, again: bool = False) -> None:
    """Ask about each row of `queue` until its end, `q`, or the end of the input; see the module's docstring."""
    decided = read_decisions(decisions) if decisions.exists() else {}
    rows = [row for row in read_queue(queue) if again or not _is_decided(decided.get((row.id, row.content_hash)))]
    if not rows:
        say(f"review: nothing waits for a decision in {queue}")
        return
    from synthempathy.review.terminal import Terminal

    terminal, at, made = Terminal(), 0, 0
    while at < len(rows):
        row = rows[at]
        key = (row.id, row.content_hash)
        earlier = decided.get(key)
        terminal.show(row, earlier, position=at + 1, total=len(rows))
        answer = _answer(terminal)
        if answer is None or answer[0] == "q":
            break
        command, rest = answer
        if command == "b":
            at = max(0, at - 1)
        elif command == "s":
            at += 1
        elif command == "n":
            note = rest or terminal.ask("note: ") or ""
            decided[key] = Decision(earlier.what if earlier else "skip", row.reason, " ".join(note.split()))
            record_decision(decisions, key, decided[key])
        else:
            decided[key] = Decision("keep" if command == "k" else "drop", row.reason, earlier.note if earlier else "")
            record_decision(decisions, key, decided[key])
            made += 1
            at += 1
    left = sum(not _is_decided(decided.get((row.id, row.content_hash))) for row in rows)
    say(f"review: {made} decided, {left} left. {NEXT if made else ''}".rstrip())


def _is_decided(decision: Decision | None) -> bool:
    return decision is not None and decision.what != "skip"


def _answer(terminal: Terminal) -> tuple[str, str] | None:
    """A command's first letter and what follows it; None at the end of the input."""
    while (line := terminal.ask(PROMPT)) is not None:
        word, _, rest = line.strip().partition(" ")
        command = word.lower()
        for known in ("keep", "drop", "skip", "note", "back", "quit"):
            if command in (known, known[0]) and (not rest or known == "note"):
                return known[0], rest.strip()
        if command:
            terminal.line("Please answer k, d, s, n, b or q.")
    return None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `synthempathy review`."""
    parser.add_argument("queue", type=Path, nargs="?", default=Path("data/review/queue.jsonl"), help="pairs held (JSONL)")
    parser.add_argument(
        "decisions", type=Path, nargs="?", default=Path("data/review/decisions.csv"), help="where decisions are kept (CSV)",
    )
    parser.add_argument("--again", action="store_true", help="show pairs that are decided already, too")


def run(given: argparse.Namespace) -> None:
    """Review with parsed arguments."""
    review(given.queue, given.decisions, again=given.again)
