"""The site's own files: page, style, scripts, and what it says of the run that it shows."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from synthempathy.core.hashes import file_digest
from synthempathy.explorer.scripts import write_call

_WEB = Path(__file__).with_name("web")
_REVISION_DIGITS = 12


def write_site(folder: Path, about: dict[str, Any]) -> None:
    """Copy the page's files into `folder`, and write about.js: what the page must know before it shows anything."""
    for file in sorted(_WEB.iterdir()):
        if file.suffix in (".html", ".css", ".js"):
            shutil.copyfile(file, folder / file.name)
    write_call(folder / "about.js", "about", about)


def revision(inputs: Iterable[Path]) -> str:
    """A short name of all inputs' content: as they all stand in dvc.lock, it is one for one that lock's.

    The lock itself cannot be an input: DVC writes it when the stage has ended.
    """
    whole = hashlib.sha256()
    for path in inputs:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                whole.update(file_digest(file))
    return whole.hexdigest()[:_REVISION_DIGITS]
