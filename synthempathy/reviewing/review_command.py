"""review: look at the pairs that the filter holds back, one by one, and decide.

    synthempathy review                            in the terminal
    synthempathy review --serve                    in a browser on this machine
    synthempathy review --html review.html         a page to send to somebody, which opens from disk
    synthempathy review --annotator anna           into data/review/decisions-anna.csv, with any of these
    synthempathy review --agreement data/review/decisions-anna.csv data/review/decisions-ben.csv
    synthempathy review --settle data/review/decisions-anna.csv data/review/decisions-ben.csv

Shows each pair of data/review/queue.jsonl with its reason and the evidence marked, and writes what you decide to
data/review/decisions.csv at once: stop whenever you like, nothing is lost. Then run `dvc repro filter`.

    k  keep    d  drop    s  skip: decide later    n  note, as in: n too private    b  back    q  quit

Pairs that are decided already are not shown again, unless --again. A decision holds for the texts that were shown: a
pair that is generated anew comes back into the queue.

--serve prints an address that this machine alone can open, and writes each decision as the terminal does. The page of --html
needs neither server nor network; it downloads the same decisions.csv, which goes into data/review/.

Two annotators: each has a file. --agreement prints counts, Cohen's kappa and the conflicts. --settle writes what both agree on
into data/review/decisions.csv, the one file that the filter obeys, and then shows the conflicts with what each decided, for you
to decide: in the terminal, or with --serve or --html in a page.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from synthempathy.core.errors import InputError
from synthempathy.core.harmless import harmless
from synthempathy.core.progress import say
from synthempathy.reviewing.agreement import agreement, settle
from synthempathy.reviewing.desk import Desk, key_of, own_file

if TYPE_CHECKING:
    from synthempathy.reviewing.terminal import Terminal

PROMPT = "keep, drop, skip, note, back, quit [k/d/s/n/b/q] "


def review(queue: Path, decisions: Path, *, again: bool = False) -> None:
    """Ask about each row of `queue` until its end, `q`, or the end of the input; see the module's docstring."""
    ask(Desk(queue, decisions, again=again), queue)


def ask(desk: Desk, queue: Path) -> None:
    """Ask about each row of the desk, in the terminal."""
    if not desk.rows:
        say(f"review: nothing waits for a decision in {queue}")
        return
    from synthempathy.reviewing.terminal import Terminal

    terminal, at = Terminal(), 0
    while at < len(desk.rows):
        row = desk.rows[at]
        terminal.show(row, desk.of(row), desk.opinions.get(key_of(row), ()), position=at + 1, total=len(desk.rows))
        answer = _answer(terminal)
        if answer is None or answer[0] == "q":
            break
        command, rest = answer
        if command == "b":
            at = max(0, at - 1)
        elif command == "s":
            at += 1
        elif command == "n":
            try:
                desk.note(row, rest or terminal.ask("note: ") or "")
            except InputError as error:
                terminal.line(harmless(str(error)))
        else:
            desk.decide(row, "keep" if command == "k" else "drop")
            at += 1
    say(desk.summary())


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
    parser.add_argument("--annotator", metavar="NAME", help="decide into a file of your own, decisions-NAME.csv beside the other")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--serve", action="store_true", help="review in a browser, served on 127.0.0.1 until Ctrl-C")
    where.add_argument("--html", type=Path, metavar="PAGE", help="write a page that opens from disk and downloads decisions")
    where.add_argument("--agreement", type=Path, nargs=2, metavar="CSV", help="compare two annotators' files, nothing else")
    parser.add_argument("--settle", type=Path, nargs=2, metavar="CSV", help="take what both agree on, then decide the conflicts")
    parser.add_argument("--port", type=_port, default=0, help="of --serve; default: any that is free")


def run(given: argparse.Namespace) -> None:
    """Review with parsed arguments."""
    if given.agreement:
        print(agreement(*given.agreement).text())
        return
    path, opinions = own_file(given.decisions, given.annotator), None
    if given.settle:
        if given.annotator:
            raise InputError("not with --settle, which writes the file of all", field="--annotator", value=given.annotator)
        settled = settle(agreement(*given.settle), path)
        say(settled.text(path))
        opinions = settled.waiting
    desk = Desk(given.queue, path, again=given.again, opinions=opinions)
    if opinions and (gone := len(opinions.keys() - {key_of(row) for row in desk.rows})):
        say(f"review: {gone} of the conflicts are about texts that are not in {given.queue} any more")
    if given.serve:
        from synthempathy.reviewing.server import serve

        serve(desk, given.port)
    elif given.html:
        from synthempathy.reviewing.page import write_review_page

        write_review_page(given.html, desk)
        say(f"review: {given.html} opens in a browser, with {len(desk.rows)} pairs; it downloads {path.name}, for {path.parent}/")
    else:
        ask(desk, given.queue)


def _port(word: str) -> int:
    if not word.isascii() or not word.isdigit() or int(word) > 65535:
        raise argparse.ArgumentTypeError("0 to 65535")
    return int(word)
