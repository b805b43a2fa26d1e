"""Begin a domain of one's own: a folder that `check` can read, with what is to be written marked in comments.

    synthempathy domain new NAME

It makes domains/NAME with a description (domain.yaml), what params.yaml must say for it (settings.yaml), a few seeds and
labelled pairs to be replaced, cues, and a prompt for each step. Then: `make repro DOMAIN=NAME`. README's chapter "A domain of
your own" goes through it.
"""

from __future__ import annotations

import argparse
import re
import shutil
from pathlib import Path

from synthempathy.core.errors import InputError
from synthempathy.core.files import written_whole
from synthempathy.core.progress import say
from synthempathy.domain.description import read_description

SKELETON = Path(__file__).parent / "skeleton"
_PLACE = re.compile(r"\bNAME\b")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("what", choices=["new"], help="make a domain")
    parser.add_argument("name", help="small letters, digits and _: a folder of domains/, a file of metrics/")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="stands beside domains/; default: %(default)s")


def run(given: argparse.Namespace) -> None:
    """Make the folder."""
    folder = new_domain(given.name, given.params)
    say(f"domain: {folder} is there; write its texts, then run: make repro DOMAIN={given.name}")


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
            if source.suffix == ".yaml":
                title = name.replace("_", " ").capitalize()
                text = source.read_text(encoding="utf-8").replace("TITLE", title)
                target.write_text(_PLACE.sub(name, text), encoding="utf-8")
            else:
                shutil.copyfile(source, target)
    read_description(folder / "domain.yaml")
    return folder
