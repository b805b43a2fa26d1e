"""Review as a person uses it: keys, what is written and when, interruptions, and data that would fool a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.core.errors import InputError
from synthempathy.core.records import Pair
from synthempathy.filters.decisions import COLUMNS, Decision, content_hash, read_decisions, record_decision
from synthempathy.filters.queue import held, read_queue
from synthempathy.filters.review import review
from synthempathy.filters.screen import harmless, marked
from synthempathy.filters.verdict import Verdict

ROOT = Path(__file__).parents[2]
HEADER = ",".join(COLUMNS)


def pair_of(name: str, explanation: str = "My cousin was murdered.", response: str = "I am so sorry.") -> Pair:
    return Pair(
        id=name, seed_id="s", category="Work", seed="s", story="s", model="m",
        explanation=explanation, response=response, reasoning="",
    )


def row_of(name: str, explanation: str = "My cousin was murdered.", response: str = "I am so sorry.") -> dict[str, Any]:
    end = len(explanation) - 1
    return held(
        pair_of(name, explanation, response),
        (Verdict("review", "review_violence", "explanation", explanation[14:end], ((14, end),)),),
    )


class Desk:
    """A queue, decisions, and a person who types."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.queue, self.decisions = folder / "queue.jsonl", folder / "decisions.csv"
        self._monkeypatch, self._capsys = monkeypatch, capsys
        monkeypatch.setenv("COLUMNS", "200")

    def wait(self, *rows: dict[str, Any]) -> Desk:
        self.queue.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
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
    return f"{name},{row_of(name)['content_hash']},{what},review_violence,{note}"


def test_keep_drop_and_skip(desk: Desk) -> None:
    shown = desk.wait(row_of("c"), row_of("a"), row_of("b")).type("k\ns\nDROP\n")
    assert desk.written == [HEADER, line("b", "drop"), line("c", "keep")]
    assert [part in shown for part in ("1 of 3   c", "2 of 3   a", "3 of 3   b")] == [True] * 3
    assert "review_violence: explanation: murdered" in shown and "My cousin was »murdered«." in shown
    assert "2 decided, 1 left" in desk.said


def test_decided_rows_are_not_shown_again_unless_asked_for(desk: Desk) -> None:
    desk.wait(row_of("a"), row_of("b")).type("k\n")
    shown = desk.type("")
    assert "1 of 1   b" in shown and "   a " not in shown
    shown = desk.type("d\n", again=True)
    assert "1 of 2   a" in shown and "decided: keep" in shown
    assert desk.written == [HEADER, line("a", "drop")]
    desk.type("k\n")
    desk.type("k\n")
    assert "nothing waits" in desk.said


def test_back_changes_a_decision(desk: Desk) -> None:
    desk.wait(row_of("a"), row_of("b")).type("k\nb\nd\nb\nb\nb\nq\nk\n")
    assert desk.written == [HEADER, line("a", "drop")]


def test_a_note_is_kept_with_the_decision_and_before_it(desk: Desk) -> None:
    desk.wait(row_of("a"), row_of("b")).type('n names, and "a  place"\n')
    assert desk.written == [HEADER, line("a", "skip", '"names, and ""a place"""')]
    assert "noted, names" in desk.type("n\nother\nk\n")
    assert desk.written == [HEADER, line("a", "keep", "other")]
    assert read_decisions(desk.decisions)["a", row_of("a")["content_hash"]] == Decision("keep", "review_violence", "other")


def test_other_keys_change_nothing(desk: Desk) -> None:
    shown = desk.wait(row_of("a")).type("x\n\nkeep it\nkk\nq\n")
    assert not desk.decisions.exists() and shown.count("Please answer") == 3


def test_other_decisions_stay_and_the_file_is_sorted(desk: Desk) -> None:
    desk.decisions.write_text(f"{HEADER}\nz,{'0' * 16},drop,,gone\nb,{'1' * 16},keep,,\n", encoding="utf-8")
    desk.wait(row_of("b"), row_of("a")).type("k\nk\n")
    ours = [line("a", "keep"), *sorted([line("b", "keep"), f"b,{'1' * 16},keep,,"])]
    assert desk.written == [HEADER, *ours, f"z,{'0' * 16},drop,,gone"]


def test_what_was_decided_meanwhile_is_not_lost(desk: Desk) -> None:
    desk.wait(row_of("a"))
    record_decision(desk.decisions, ("b", "2" * 16), Decision("drop"))
    before = read_decisions(desk.decisions)
    record_decision(desk.decisions, ("c", "3" * 16), Decision("keep"))
    record_decision(desk.decisions, ("b", "2" * 16), Decision("keep", "r", "n"))
    assert len(before) == 1
    assert list(read_decisions(desk.decisions)) == [("b", "2" * 16), ("c", "3" * 16)]


def test_a_decision_does_not_cover_a_row_that_was_made_anew(desk: Desk) -> None:
    desk.wait(row_of("a")).type("k\n")
    assert "1 of 1   a" in desk.wait(row_of("a", response="I am sorry.")).type("q\n")


KEYS = st.lists(st.sampled_from(["k", "d", "s", "b", "n why", "x"]), max_size=12)


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
        queue.write_text("".join(json.dumps(row_of(name)) + "\n" for name in names), encoding="utf-8")
        patch.setattr(sys, "stdin", io.StringIO("".join(f"{key}\n" for key in keys)))
        patch.setattr(sys, "stdout", io.StringIO())
        review(queue, decisions)
        found = {name: one.what for (name, _), one in (read_decisions(decisions) if decisions.exists() else {}).items()}
    assert found == wanted


@pytest.mark.parametrize("what", ["\x1b[31m", "\x07", "\x9b2J", "\r", "\u202e", "\x00", "\x1b]0;title\x07", "\u2028"])
def test_data_cannot_drive_the_terminal(desk: Desk, what: str) -> None:
    told, said = f"My cousin was {what}murdered [bold]twice[/bold] :smile:.", f"I am{what} sorry [link=x]y[/link]."
    spoiled = row_of(f"a{what}", told, said)
    shown = desk.wait(spoiled).type("q\n")
    assert what not in shown and ascii(what)[1:-1] in shown
    assert "[bold]twice[/bold] :smile:" in shown and "[link=x]y[/link]" in shown
    assert "\x1b" not in shown  # no terminal, no colour


@given(st.text())
def test_harmless_text_has_no_controls_and_ordinary_text_is_untouched(text: str) -> None:
    shown = harmless(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for c in shown)
    if text.isascii() and text.isprintable():
        assert shown == text


@given(st.text(alphabet="ab\n\x1b é", max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=4))
def test_marks_stand_around_the_evidence(text: str, ends: list[tuple[int, int]]) -> None:
    spans = [(min(a, b, len(text)), min(max(a, b), len(text))) for a, b in ends]
    shown = marked(text, spans).plain
    assert shown.replace("»", "").replace("«", "") == harmless(text, lines=True)
    assert shown.count("»") == shown.count("«") <= len(spans)


@pytest.mark.parametrize(("change", "named"), [
    ({"response": "Something else."}, "content_hash is not that of the texts"),
    ({"evidence": [{"reason": "r", "field": "response", "spans": [[0, 99]], "detail": "d"}]}, "outside the response"),
    ({"evidence": []}, "field 'evidence'"),
])
def test_a_queue_that_was_edited_is_refused(desk: Desk, change: dict[str, Any], named: str) -> None:
    desk.wait({**row_of("a"), **change})
    with pytest.raises(InputError) as caught:
        read_queue(desk.queue)
    assert named in str(caught.value) and "queue.jsonl:1" in str(caught.value)


def test_errors_are_one_line(desk: Desk) -> None:
    done = command(desk.queue, desk.decisions)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1) and "dvc repro filter" in done.stderr
    desk.wait(row_of("a"))
    desk.decisions.write_text(f"{HEADER},mine\na,{'0' * 16},keep,,,x\n", encoding="utf-8")
    done = command(desk.queue, desk.decisions, keys="k\n")
    assert (done.returncode, "field 'mine'" in done.stderr) == (1, True)
    assert desk.written == [f"{HEADER},mine", f"a,{'0' * 16},keep,,,x"]
    assert "python -m synthempathy.filters.review" in command("--help").stdout


def command(*arguments: object, keys: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "synthempathy.filters.review", *map(str, arguments)], cwd=ROOT, input=keys,
        capture_output=True, text=True, timeout=60,
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_at_the_prompt_of_a_terminal_loses_nothing(desk: Desk, number: signal.Signals, code: int) -> None:
    desk.wait(row_of("a"), row_of("b"))
    main, sub = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "synthempathy.filters.review", str(desk.queue), str(desk.decisions)],
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


def test_hashes_are_of_the_texts_alone() -> None:
    assert content_hash(pair_of("a")) == content_hash(pair_of("b")) == row_of("a")["content_hash"]
