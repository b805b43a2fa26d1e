"""The skeleton of a domain: a copy of it under a new name, and which files of a domain are still as it has them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from synthempathy.core.errors import InputError
from synthempathy.core.files import written_whole
from synthempathy.domain.description import read_description

SKELETON = Path(__file__).parent / "skeleton"
_PLACE = re.compile(r"\bNAME\b")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def new_domain(name: str, params: Path) -> Path:
    """A copy of the skeleton under `name`, whole. InputError for a name that is none, or that is taken."""
    if not _NAME.fullmatch(name):
        raise InputError("no name for a domain", field="name", value=name, hint="small letters, digits and _, a letter first")
    folder = params.parent / "domains" / name
    if folder.exists():
        raise InputError("is there already", file=folder, hint="take another name, or go on with this one")
    folder.parent.mkdir(exist_ok=True)
    with written_whole(folder) as (part,):
        for source in sorted(path for path in SKELETON.rglob("*") if path.is_file()):
            target = part / source.relative_to(SKELETON)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(_filled_in(source, name))
    read_description(folder / "domain.yaml")
    return folder


def still_skeletons(folder: Path, files: Iterable[Path]) -> list[Path]:
    """Those of `files` that stand in `folder`, a domain's, with the bytes that `new_domain` gave them."""
    inside = [file for file in dict.fromkeys(files) if file.is_relative_to(folder) and file.is_file()]
    sources = [SKELETON / file.relative_to(folder) for file in inside]
    return [
        file for file, source in zip(inside, sources, strict=True)
        if source.is_file() and file.read_bytes() == _filled_in(source, folder.name)
    ]


def _filled_in(source: Path, name: str) -> bytes:
    """A file of the skeleton, as the domain `name` gets it."""
    text = source.read_text(encoding="utf-8")
    if source.suffix == ".yaml":
        text = _PLACE.sub(name, text.replace("TITLE", name.replace("_", " ").capitalize()))
    return text.encode("utf-8")
