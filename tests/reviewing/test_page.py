"""The review page in a browser: the same keys write the same bytes as in the terminal, and hostile rows do nothing."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from synthempathy.filters.decisions import COLUMNS, Decision
from synthempathy.reviewing.desk import Desk, Opinion, key_of
from synthempathy.reviewing.page import write_review_page
from synthempathy.reviewing.review_command import review
from synthempathy.reviewing.server import ReviewServer
from tests.helpers.chromium import HOSTILE, UNSEEN, opened, until
from tests.helpers.queue import held_row, write_queue

ROWS = [
    held_row("c"), held_row("a, b"), held_row("b", reason='of "two", or more'), held_row("\U0001f600"), held_row("\uff5e"),
    held_row("ä"), held_row("noted before"),
    held_row(" c\r=1", reason=" of; two"), held_row("d"),
]
BEFORE = (
    f"{','.join(COLUMNS)}\nnoted before,{held_row('noted before')['content_hash']},skip,old reason,\"a, note\"\n"
    f"\uff5e,{'0' * 16},keep,,stays\nz,{'1' * 16},drop,\"r,s\",'=1\n"
)
#: A step: a key, or a note. Python's and JavaScript's white space differ in some of these.
STEPS: Sequence[str] = (
    "k", "n =1+1", "k", 'n names, and "a  place"', "d", "s", "n \u2003thin\u2028\x85\x1c spaces\ufeff ", "k", "b", "d",
    "n @you", "b", "b", "k", "k", "k", "n -", "k", "n ' @a;b", "k", "n '=1", "k", "n \U0001f600 é", "s",
)


@contextmanager
def served(desk: Desk) -> Iterator[ReviewServer]:
    with ReviewServer(desk) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def press(page: Any, steps: Sequence[str]) -> None:
    """Do the steps by the keyboard alone; each is waited for."""
    for step in steps:
        if step.startswith("n "):
            page.keyboard.press("n")
            page.locator("#note").evaluate("(field, text) => { field.value = text; }", step[2:])
            page.keyboard.press("Enter")
        else:
            page.keyboard.press(step)
        until(page, "busy === false && document.activeElement.id !== 'note'")


def files(folder: Path, name: str) -> tuple[Path, Path]:
    """A queue, and decisions of before."""
    (folder / name).mkdir()
    queue, decisions = write_queue(folder / name / "queue.jsonl", *ROWS), folder / name / "decisions.csv"
    decisions.write_text(BEFORE, encoding="utf-8")
    return queue, decisions


def by_terminal(folder: Path, monkeypatch: pytest.MonkeyPatch, steps: Sequence[str]) -> bytes:
    queue, decisions = files(folder, "terminal")
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{step}\n" for step in steps), newline="\n"))
    review(queue, decisions)
    return decisions.read_bytes()


def test_review_by_page_and_by_terminal_write_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:
    wanted = by_terminal(tmp_path, monkeypatch, STEPS)
    said = capsys.readouterr().err
    assert wanted.count(b"\n") > 8 and all(one in wanted for one in (b"'=1+1", b"'@you", b"''=1"))  # what might go wrong

    queue, decisions = files(tmp_path, "served")
    desk = Desk(queue, decisions)
    with served(desk) as server, opened(server.address) as page:
        press(page, STEPS)
        assert decisions.read_bytes() == wanted  # written by the time each was made
    assert f"{desk.summary()}\n" == said

    queue, decisions = files(tmp_path, "static")
    write_review_page(tmp_path / "static/review.html", Desk(queue, decisions))
    with opened((tmp_path / "static/review.html").as_uri()) as page:
        press(page, STEPS)
        with page.expect_download() as got:
            page.click("#download")
        assert got.value.suggested_filename == "decisions.csv"
        assert Path(got.value.path()).read_bytes() == wanted
    assert decisions.read_text(encoding="utf-8") == BEFORE


def test_each_decision_is_on_the_disk_before_the_next_row_is_shown(tmp_path: Path) -> None:
    queue, decisions = write_queue(tmp_path / "q.jsonl", held_row("a"), held_row("b")), tmp_path / "decisions.csv"
    with served(Desk(queue, decisions)) as server, opened(server.address) as page:
        assert page.locator("mark").all_inner_texts() == ["murdered"]
        assert page.locator("#evidence").inner_text() == "review_violence: explanation: murdered"
        assert page.locator("#back").is_disabled()
        for button, row, written in (("#keep", "b", "a,keep"), ("#drop", "", "b,drop")):
            page.click(button)
            named = f"document.getElementById('name').textContent === '{row}'"
            until(page, named if row else "!document.getElementById('end').hidden")
            assert written in ",".join(part for line in decisions.read_text().splitlines()[1:] for part in line.split(",")[:3:2])
        assert "All are decided" in page.locator("#end").inner_text()
        page.keyboard.press("b")
        until(page, "document.getElementById('name').textContent === 'b'")
        assert page.locator("#state").inner_text() == "decided: drop"
        assert page.locator("#drop").get_attribute("aria-pressed") == "true"


def test_a_decision_that_cannot_be_written_is_said_and_the_row_stays(tmp_path: Path) -> None:
    queue, decisions = write_queue(tmp_path / "q.jsonl", held_row("a"), held_row("b")), tmp_path / "decisions.csv"
    with served(Desk(queue, decisions)) as server:
        with pytest.raises(AssertionError, match="409"), opened(server.address) as page:  # the browser logs the refusal
            decisions.write_text("mine\n")
            page.keyboard.press("k")
            page.wait_for_selector("#problem:not([hidden])")
            assert "the header lacks id" in page.locator("#problem").inner_text()
            assert page.locator("#name").inner_text() == "a" and page.locator("#state").inner_text() == ""
        assert decisions.read_text() == "mine\n"


@pytest.mark.parametrize("where", ["served", "static"])
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_hostile_rows_are_shown_and_harmless(tmp_path: Path, where: str, width: int, scheme: str) -> None:
    long = HOSTILE + "W" * 400 + " a long word" * 90_000 + " murdered at the end"
    rows = (
        held_row(f"<img src=x onerror=alert(1)>{HOSTILE}", f"{HOSTILE} murdered", HOSTILE, reason=f"x{HOSTILE}", story=HOSTILE),
        held_row("long", long, long),
    )
    desk = Desk(write_queue(tmp_path / "q.jsonl", *rows), tmp_path / "decisions.csv")
    desk.opinions = {key_of(row): [Opinion(HOSTILE, Decision("keep", "", HOSTILE))] for row in desk.rows}
    if where == "static":
        write_review_page(tmp_path / "review.html", desk)
        with opened((tmp_path / "review.html").as_uri(), width=width, scheme=scheme) as page:
            _look(page, width)
    else:
        with served(desk) as server, opened(server.address, width=width, scheme=scheme) as page:
            _look(page, width)
            assert (tmp_path / "decisions.csv").read_text().count("keep,") == 1


def _look(page: Any, width: int) -> None:
    for name in ("first", "long"):
        text = page.locator("main").inner_text()
        assert page.title() == "Review" and "<script>document.title = 'owned'</script>" in text and "\\u202egnp.exe" in text
        assert not any(sign in text for sign in UNSEEN)
        assert page.locator("main img, main iframe, main script, main style, main a").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("mark").all_inner_texts() == ["murdered"]
        if name == "first":
            page.keyboard.press("k")
            until(page, "document.getElementById('name').textContent === 'long'")
    assert "characters are not shown here" in text and len(text) < 100_000


def test_the_static_page_remembers_what_was_not_downloaded_and_shows_what_is_left(tmp_path: Path) -> None:
    desk = Desk(write_queue(tmp_path / "q.jsonl", *map(held_row, "abc")), tmp_path / "decisions.csv")
    write_review_page(tmp_path / "review.html", desk)
    with opened((tmp_path / "review.html").as_uri()) as page:
        assert page.locator("#download").is_disabled()
        press(page, ["k", "s", "d"])
        assert page.locator("#left").inner_text() == "1 are not decided yet."
        page.click("#again")
        assert page.locator("#name").inner_text() == "b"
        page.evaluate("downloaded = true")  # no question before it closes
        page.reload()
        assert page.locator("#progress").inner_text() == "Pair 1 of 3; 2 decided, 1 left."
        assert page.locator("#download").is_enabled()


def test_no_rows_say_so(tmp_path: Path) -> None:
    write_review_page(tmp_path / "review.html", Desk(write_queue(tmp_path / "q.jsonl"), tmp_path / "d.csv"))
    with opened((tmp_path / "review.html").as_uri()) as page:
        assert "Nothing waits for a decision" in page.locator("#end").inner_text()
        assert page.locator("#keep").is_disabled()
