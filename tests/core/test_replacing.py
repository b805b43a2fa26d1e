"""Several outputs change as one: killed between any two steps they are the old ones or the new ones, never some of each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from synthempathy.core import replacing
from synthempathy.core.errors import InputError
from synthempathy.core.files import written_whole
from synthempathy.core.replacing import JOURNALS, finish_interrupted, part_of
from tests.helpers.pairs import ROOT

#: Writes two files and two folders, one of them new, and dies by SIGKILL before its step number argv[1], or not at all.
WRITER = """
import os, sys
from pathlib import Path
from synthempathy.core import replacing
from synthempathy.core.files import written_whole
from tests.helpers.dying import dies_before

dying = dies_before(int(sys.argv[1]))

replacing.os.replace = dying(os.replace)
replacing.remove = dying(replacing.remove)
replacing._exchanged = dying(replacing._exchanged) if sys.argv[2] == "exchange" else lambda one, other: False
with written_whole(*map(Path, ("data/a", "out/folder", "b", "out/fresh"))) as parts:
    for part in parts:
        if part.name.startswith((".folder", ".fresh")):
            part.mkdir()
            part = part / "file"
        part.write_text("new")
print("whole")
"""


def told(folder: Path) -> list[str]:
    files = [folder / name for name in ("data/a", "out/folder/file", "b", "out/fresh/file")]
    return [file.read_text() if file.exists() else "none" for file in files]


def left_over(folder: Path) -> list[str]:
    parts = [path for path in folder.rglob("*") if ".part" in path.name]
    return sorted(path.name for path in [*parts, *(folder / JOURNALS).glob("*.json")])


@pytest.mark.parametrize("way", ["exchange", "aside"])
def test_killed_before_any_step_the_outputs_are_old_or_new(tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = set()
    for steps in range(40):
        folder = tmp_path / str(steps)
        (folder / "out/folder").mkdir(parents=True)
        (folder / "data").mkdir()
        for name in ("data/a", "out/folder/file", "b"):
            (folder / name).write_text("old")
        ended = subprocess.run(
            [sys.executable, "-c", WRITER, str(steps), way], cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True, text=True,
        )
        assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
        if way == "exchange":
            assert (folder / "out/folder/file").exists()  # a folder is never gone, not for a moment
        monkeypatch.chdir(folder)
        finish_interrupted()  # as every command and every writing begins
        found = told(folder)
        assert found in (["old", "old", "old", "none"], ["new"] * 4), (steps, found)
        seen.add(found[0])
        with written_whole(Path("data/a"), Path("out/folder"), Path("b"), Path("out/fresh")) as parts:
            for part, make in zip(parts, (False, True, False, True), strict=True):
                if make:
                    part.mkdir()
                (part / "file" if make else part).write_text("newer")
        assert told(folder) == ["newer"] * 4
        assert left_over(folder) == []
        if ended.returncode == 0:
            assert ended.stdout == "whole\n"
            break
    else:
        pytest.fail("it never came to its end")
    assert seen == {"old", "new"}


def test_what_another_has_put_there_since_the_kill_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC brings an earlier run's outputs out of its cache, without a command of ours: the killed run's must not follow."""
    for name in ("data/a", "out/folder/file", "b"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("old")
    ended = subprocess.run(
        [sys.executable, "-c", WRITER, "3", "aside"], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert ended.returncode == -signal.SIGKILL
    monkeypatch.chdir(tmp_path)
    assert list(JOURNALS.glob("*.json")) and told(tmp_path).count("new") in (1, 2, 3)
    for name in ("data/a", "out/folder/file", "b", "out/fresh/file"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).unlink(missing_ok=True)
        Path(name).write_text("another's")
    finish_interrupted()
    assert told(tmp_path) == ["another's"] * 4
    assert left_over(tmp_path) == []


def test_ctrl_c_between_two_renames_ends_with_the_new_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    moved: list[object] = []

    def interrupted(part: Path, target: Path) -> None:
        moved.append(target)
        if len(moved) == 2:
            raise KeyboardInterrupt
        os.replace(part, target)

    monkeypatch.setattr(replacing, "_replace", interrupted)
    with pytest.raises(KeyboardInterrupt), written_whole(Path("a"), Path("b"), Path("c")) as parts:
        for part in parts:
            part.write_text("new")
    assert [Path(name).read_text() for name in "abc"] == ["new"] * 3
    assert left_over(tmp_path) == []


def test_what_a_dead_process_left_is_swept_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, living = tmp_path / f".a[1].{ended.pid}.part", tmp_path / f".a[1].{os.getppid()}.part"
    dead.mkdir()
    living.touch()
    with written_whole(tmp_path / "a[1]") as (part,):
        part.touch()
    assert (dead.exists(), living.exists()) == (False, True)


def move_of(folder: Path, **changed: Any) -> dict[str, Any]:
    number = 4_000_000
    return {"part": str(folder / f".a.{number}.part"), "target": str(folder / "a"), "inode": 1, "old": None} | changed


@pytest.mark.parametrize("said", [
    "", "{", "[", "null", "3", "[]", "[3]", '[{"part": 1}]', "[" * 100_000, "9" * 5000, "\udcff",
    {"part": 5}, {"target": None}, {"inode": "1"}, {"inode": True}, {"old": [1]}, {"old": 3}, {"more": 1}, {"part": "data\0"},
    {"target": "\ud800"}, {"part": ".a.1.part", "target": "a"}, {"part": "{0}/precious"}, {"part": "{0}/b/.a.1.part"},
    {"part": "{0}/.precious.1.part"}, {"target": "{0}/b/a"},
])
def test_a_journal_that_is_none_of_ours_is_put_aside_in_one_line_and_moves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], said: str | dict[str, Any],
) -> None:
    """Whether it was cut short by a power cut, or made to have things removed."""
    monkeypatch.chdir(tmp_path)
    for name in ("precious", "a", ".a.1.part", ".precious.1.part", "precious.old"):
        (tmp_path / name).write_text("mine")
    JOURNALS.mkdir(parents=True)
    if isinstance(said, dict):
        changed = {k: v.format(tmp_path) if isinstance(v, str) else v for k, v in said.items()}
        said = json.dumps([move_of(tmp_path), move_of(tmp_path, **changed)])
    for _ in range(2):  # a second one does not take the first one's place
        (JOURNALS / "1-0.json").write_bytes(said.encode("utf-8", "surrogateescape"))
        finish_interrupted()
        told = capsys.readouterr().err
        assert told.count("\n") == 1 and "1-0.json: no journal of ours" in told
        finish_interrupted()  # every command to come
        assert capsys.readouterr().err == ""
    kept = sorted(path.name for path in JOURNALS.iterdir())
    assert kept == ["1-0.json.broken", "1-0.json.broken1"]
    assert (JOURNALS / "1-0.json.broken").read_bytes() == said.encode("utf-8", "surrogateescape")
    for name in ("precious", "a", ".a.1.part", ".precious.1.part", "precious.old"):
        assert (tmp_path / name).read_text() == "mine"


def test_a_journal_for_a_folder_that_is_gone_since_is_done_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    JOURNALS.mkdir(parents=True)
    (JOURNALS / "1-0.json").write_text(json.dumps([move_of(tmp_path / "gone")]))
    finish_interrupted()
    assert not list(JOURNALS.iterdir())


def test_what_is_left_is_none_of_gits_business() -> None:
    ended = subprocess.run(
        ["git", "check-ignore", str(part_of(Path("data/x"))), ".data.1.part.old", str(JOURNALS / "1-0.json")],
        cwd=ROOT, capture_output=True, text=True,
    )
    assert len(ended.stdout.splitlines()) == 3


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("I/O error: No space left on device")])
def test_a_full_disk_is_named_with_the_file(tmp_path: Path, error: Exception) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(InputError, match=r"/a: the disk is full; free"), written_whole(tmp_path / "a") as (part,):
        part.write_text("new")
        raise error
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"
