"""Review as a person uses it: keys, what is written and when, interruptions, and data that would fool a terminal."""

from __future__ import annotations

import io
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.filters.decisions import COLUMNS, Decision, read_decisions
from synthempathy.reviewing.review_command import review
from tests.helpers.pairs import ROOT
from tests.helpers.queue import held_row, write_queue

HEADER = ",".join(COLUMNS)


class Desk:
    """A queue, decisions, and a person who types."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.queue, self.decisions = folder / "queue.jsonl", folder / "decisions.csv"
        self._monkeypatch, self._capsys = monkeypatch, capsys
        monkeypatch.setenv("COLUMNS", "200")

    def wait(self, *rows: dict[str, Any]) -> Desk:
        write_queue(self.queue, *rows)
        return self

    def type(self, keys: str, *, again: bool = False) -> str:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(keys))
        review(self.queue, self.decisions, again=again)
        shown = self._capsys.readouterr()
        self.said = shown.err
        return shown.out

    @property
    def written(self) -> list[str]:
        return self.decisions.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, monkeypatch, capsys)


def line(name: str, what: str, note: str = "") -> str:
    return f"{name},{held_row(name)['content_hash']},{what},review_violence,{note}"


def test_keep_drop_and_skip(desk: Desk) -> None:
    shown = desk.wait(held_row("c"), held_row("a"), held_row("b")).type("k\ns\nDROP\n")
    assert desk.written == [HEADER, line("b", "drop"), line("c", "keep")]
    assert [part in shown for part in ("1 of 3   c", "2 of 3   a", "3 of 3   b")] == [True] * 3
    assert "review_violence: explanation: murdered" in shown and "My cousin was »murdered«." in shown
    assert "2 decided, 1 left" in desk.said


def test_decided_rows_are_not_shown_again_unless_asked_for(desk: Desk) -> None:
    desk.wait(held_row("a"), held_row("b")).type("k\n")
    shown = desk.type("")
    assert "1 of 1   b" in shown and "   a " not in shown
    shown = desk.type("d\n", again=True)
    assert "1 of 2   a" in shown and "decided: keep" in shown
    assert desk.written == [HEADER, line("a", "drop")]
    desk.type("k\n")
    desk.type("k\n")
    assert "nothing waits" in desk.said


def test_back_changes_a_decision(desk: Desk) -> None:
    desk.wait(held_row("a"), held_row("b")).type("k\nb\nd\nb\nb\nb\nq\nk\n")
    assert desk.written == [HEADER, line("a", "drop")]


def test_a_note_is_kept_with_the_decision_and_before_it(desk: Desk) -> None:
    desk.wait(held_row("a"), held_row("b")).type('n names, and "a  place"\n')
    assert desk.written == [HEADER, line("a", "skip", '"names, and ""a place"""')]
    assert "noted, names" in desk.type("n\nother\nk\n")
    assert desk.written == [HEADER, line("a", "keep", "other")]
    assert read_decisions(desk.decisions)["a", held_row("a")["content_hash"]] == Decision("keep", "review_violence", "other")


def test_a_note_that_no_reader_of_csv_would_take_is_refused_and_the_review_goes_on(desk: Desk) -> None:
    shown = desk.wait(held_row("a")).type(f"n {'x' * 3000}\nk\n")
    assert "more than 2,000 characters" in shown and desk.written == [HEADER, line("a", "keep")]


def test_other_keys_change_nothing(desk: Desk) -> None:
    shown = desk.wait(held_row("a")).type("x\n\nkeep it\nkk\nq\n")
    assert not desk.decisions.exists() and shown.count("Please answer") == 3


def test_other_decisions_stay_and_the_file_is_sorted(desk: Desk) -> None:
    desk.decisions.write_text(f"{HEADER}\nz,{'0' * 16},drop,,gone\nb,{'1' * 16},keep,,\n", encoding="utf-8")
    desk.wait(held_row("b"), held_row("a")).type("k\nk\n")
    ours = [line("a", "keep"), *sorted([line("b", "keep"), f"b,{'1' * 16},keep,,"])]
    assert desk.written == [HEADER, *ours, f"z,{'0' * 16},drop,,gone"]


def test_a_decision_does_not_cover_a_row_that_was_made_anew(desk: Desk) -> None:
    desk.wait(held_row("a")).type("k\n")
    assert "1 of 1   a" in desk.wait(held_row("a", response="I am sorry.")).type("q\n")


KEYS = st.lists(st.sampled_from(["k", "d", "s", "b", "n why", "x"]), max_size=12)


@settings(deadline=None)  # each example waits for the disk
@given(KEYS)
def test_the_last_decision_of_each_row_stands(keys: list[str]) -> None:
    import tempfile

    names = ["a", "b", "c"]
    wanted: dict[str, str] = {}
    at = 0
    for key in keys:
        if at == len(names):
            break
        if key in ("k", "d"):
            wanted[names[at]] = {"k": "keep", "d": "drop"}[key]
        elif key == "n why":
            wanted.setdefault(names[at], "skip")
        at = max(0, at - 1) if key == "b" else at + (key in ("k", "d", "s"))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        queue, decisions = Path(folder) / "q.jsonl", Path(folder) / "d.csv"
        write_queue(queue, *map(held_row, names))
        patch.setattr(sys, "stdin", io.StringIO("".join(f"{key}\n" for key in keys)))
        patch.setattr(sys, "stdout", io.StringIO())
        review(queue, decisions)
        found = {name: one.what for (name, _), one in (read_decisions(decisions) if decisions.exists() else {}).items()}
    assert found == wanted


@pytest.mark.parametrize("what", ["\x1b[31m", "\x07", "\x9b2J", "\r", "\u202e", "\x00", "\x1b]0;title\x07", "\u2028"])
def test_data_cannot_drive_the_terminal(desk: Desk, what: str) -> None:
    told, said = f"My cousin was {what}murdered [bold]twice[/bold] :smile:.", f"I am{what} sorry [link=x]y[/link]."
    spoiled = held_row(f"a{what}", told, said)
    shown = desk.wait(spoiled).type("q\n")
    assert what not in shown and ascii(what)[1:-1] in shown
    assert "[bold]twice[/bold] :smile:" in shown and "[link=x]y[/link]" in shown
    assert "\x1b" not in shown  # no terminal, no colour


def test_errors_are_one_line(desk: Desk) -> None:
    done = command(desk.queue, desk.decisions)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1) and "dvc repro filter" in done.stderr
    desk.wait(held_row("a"))
    desk.decisions.write_text(f"{HEADER},mine\na,{'0' * 16},keep,,,x\n", encoding="utf-8")
    done = command(desk.queue, desk.decisions, keys="k\n")
    assert (done.returncode, "field 'mine'" in done.stderr) == (1, True)
    assert desk.written == [f"{HEADER},mine", f"a,{'0' * 16},keep,,,x"]
    assert "synthempathy review" in command("--help").stdout


def command(*arguments: object, keys: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "synthempathy", "review", *map(str, arguments)], cwd=ROOT, input=keys,
        capture_output=True, text=True, timeout=60,
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_at_the_prompt_of_a_terminal_loses_nothing(desk: Desk, number: signal.Signals, code: int) -> None:
    desk.wait(held_row("a"), held_row("b"))
    main, sub = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "synthempathy", "review", str(desk.queue), str(desk.decisions)],
        cwd=ROOT, stdin=sub, stdout=sub, stderr=subprocess.PIPE, env={**os.environ, "TERM": "xterm"},
    ) as running:
        os.close(sub)
        seen = bytearray()
        try:
            read_until(main, seen, prompts=1)
            os.write(main, b"k\n")
            read_until(main, seen, prompts=2)
            running.send_signal(number)
            _, said = running.communicate(timeout=60)
        finally:
            running.kill()
            os.close(main)
    assert running.returncode == code
    assert said.decode().startswith("stopped") and len(said.splitlines()) == 1
    assert b"murdered" in seen and b"\x1b[" in seen  # colour on a terminal
    assert desk.written == [HEADER, line("a", "keep")]
    assert not list(desk.queue.parent.glob(".*"))


def read_until(terminal: int, seen: bytearray, prompts: int, seconds: float = 60) -> None:
    """Read what the terminal shows into `seen` until that many prompts stand in it."""
    until = time.monotonic() + seconds
    while seen.count(b"[k/d/s/n/b/q]") < prompts:
        ready, _, _ = select.select([terminal], [], [], max(0.0, until - time.monotonic()))
        assert ready, bytes(seen)
        seen += os.read(terminal, 4096)
