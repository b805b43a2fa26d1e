"""Checkpoints of a training, kept outside DVC's outs, so that a killed run goes on from its last one.

    .synthempathy/checkpoints/<key>/checkpoint-<step>/    as transformers' Trainer writes it, and whole.json

The key is a hash of all that determines the weights: parameters, tokens of the pairs, the base model's content. So a changed
one starts afresh. whole.json is written last and holds the hash of every other file: a checkpoint without it, or with other
files, was cut off, and is never gone on from. Kept are the last checkpoint and the best, until the run has written its
outputs; what runs that never ended left behind goes after a week.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from synthempathy.core.files import write_json
from synthempathy.core.progress import say
from synthempathy.finetuning.examples import TokenizedExample

WHOLE = "whole.json"
STATE = "trainer_state.json"
KEPT_SECONDS = 7 * 24 * 3600
_FORMAT = 1  # of what a checkpoint holds; another number starts every training afresh


def key_of(settings: dict[str, Any], base: str, *sets: Sequence[TokenizedExample]) -> str:
    """A name for all that determines the weights: the parameters, the base model's identity, the tokens."""
    digest = hashlib.sha256(json.dumps([_FORMAT, settings, base], sort_keys=True).encode())
    for examples in sets:
        digest.update(json.dumps([(one.ids, one.prompt) for one in examples]).encode())
    return digest.hexdigest()[:24]


class Checkpoints:
    """The checkpoints of one training, in a folder of their own."""

    def __init__(self, root: Path, key: str) -> None:
        self.folder = root / key
        self._sealed: Path | None = None

    def at(self, step: int) -> Path:
        """Where the checkpoint of `step` is, or would be."""
        return self.folder / f"checkpoint-{step}"

    def seal(self, step: int, best: int | None) -> None:
        """Mark the checkpoint of `step` as whole, and remove all others but the `best` one."""
        folder = self.at(step)
        write_json(folder / WHOLE, _hashes(folder))
        self._sealed = folder
        for path in self._found():
            if path not in (folder, self.at(best or step)):
                _discard(path)

    def last(self) -> Path | None:
        """The last checkpoint that is whole and whose best one is too; None where the training starts afresh."""
        for folder in sorted(self._found(), key=_step, reverse=True):
            if _is_whole(folder):
                best = read_state(folder)["best_global_step"]
                if not best or _is_whole(self.at(best)):
                    return folder
        return None

    def clean(self) -> None:
        """Remove what a kill left unfinished, and the folders of other runs that have not been touched for a week."""
        last = self._sealed = self.last()
        kept = {last, self.at(read_state(last)["best_global_step"] or 0)} if last else set()
        for path in self._found():
            if path not in kept:
                say(f"finetune: {path.name} was cut off while it was written, and is left out")
                _discard(path)
        others = self.folder.parent.glob("*/") if self.folder.parent.is_dir() else []
        for path in others:
            if path != self.folder and time.time() - _touched(path) > KEPT_SECONDS:
                shutil.rmtree(path, ignore_errors=True)

    def remove(self) -> None:
        """Remove all of them: the training's outputs are written."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def told(self) -> str:
        """What the next run goes on from, for whoever stops this one."""
        if self._sealed is None:
            return "no checkpoint was written yet; `dvc repro`, or the same command, starts anew"
        return f"{self._sealed.name} is kept; `dvc repro`, or the same command, goes on from it"

    def _found(self) -> list[Path]:
        return [path for path in self.folder.glob("checkpoint-*") if path.is_dir() and path.name.split("-")[1].isdigit()]


def read_state(folder: Path) -> dict[str, Any]:
    """The Trainer's state in a checkpoint: step, best step, everything that was logged."""
    state: dict[str, Any] = json.loads((folder / STATE).read_text(encoding="utf-8"))
    return state


def _step(folder: Path) -> int:
    return int(folder.name.split("-")[1])


def _is_whole(folder: Path) -> bool:
    try:
        hashes = json.loads((folder / WHOLE).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return False
    return bool(hashes == _hashes(folder))


def _hashes(folder: Path) -> dict[str, str]:
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != WHOLE and not path.name.endswith(".part"):
            with path.open("rb") as stream:
                found[str(path.relative_to(folder))] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found


def _discard(folder: Path) -> None:
    """Remove a checkpoint; what a kill leaves of it is not whole."""
    (folder / WHOLE).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _touched(folder: Path) -> float:
    return max(path.stat().st_mtime for path in (folder, *folder.glob("*")))
