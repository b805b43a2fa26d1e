"""Put data set, card, explorer and adapter on the Hugging Face hub.

    synthempathy publish --to ORG/NAME --dry-run     prints all that would go, and asks the hub nothing
    HF_TOKEN=... synthempathy publish --to ORG/NAME  prints it, and asks before it sends

data/release goes to the data set ORG/NAME, data/explorer into its folder explorer/, models/adapter to the model ORG/NAME-lora.
New repositories are private. What is sent is what dvc.lock says, of a pipeline that is up to date; anything else is refused.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from itertools import groupby
from pathlib import Path

from synthempathy.core.errors import InputError
from synthempathy.core.harmless import harmless
from synthempathy.core.progress import say
from synthempathy.project import parcels, sending
from synthempathy.project.params import load_params

_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `synthempathy publish`."""
    parser.add_argument("--to", required=True, metavar="ORG/NAME", help="the data set's repository, made where it is not there")
    parser.add_argument("--adapter-to", metavar="ORG/NAME", help="the adapter's; default: that of --to with -lora")
    parser.add_argument("--no-adapter", action="store_true", help="leave the adapter here")
    parser.add_argument("--public", action="store_true", help="new repositories are for everybody; default: private")
    parser.add_argument("--dry-run", action="store_true", help="print what would go, and send nothing")
    parser.add_argument("--yes", action="store_true", help="send without asking")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="default: %(default)s")


def run(given: argparse.Namespace) -> None:
    """Print what goes; send it where that is wanted."""
    adapter_to = None if given.no_adapter else given.adapter_to or f"{given.to}-lora"
    for option, name in (("--to", given.to), ("--adapter-to", adapter_to)):
        if name is not None and not _REPO.fullmatch(name):
            raise InputError("not of the form ORG/NAME", field=option, value=name)
    about = load_params(given.params).release
    found = parcels.parcels(given.to, adapter_to, about)
    show(found, private=not given.public)
    for warning in parcels.warnings(found, about):
        say(f"warning: {warning}")
    if given.dry_run:
        say("publish: a dry run: nothing was sent")
        return
    token = sending.check_ready()
    if not given.yes:
        _ask(given.to)
    for address in sending.send(found, token, private=not given.public, message=_message()):
        print(address)


def show(found: list[parcels.Parcel], *, private: bool) -> None:
    """Every file with its size, by repository."""
    count = total = 0
    for (kind, repo), group in groupby(found, key=lambda parcel: (parcel.kind, parcel.repo)):
        print(f"to the {kind} {repo} ({'private' if private else 'public'} if it is new)")
        for parcel in group:
            for name, size in parcel.files().items():
                count, total = count + 1, total + size
                print(f"{_size(size):>10}  {harmless(name)}")
    print(f"in all {count} files, {_size(total)}")


def _ask(repo: str) -> None:
    """InputError unless a person types the repository's name."""
    if not sys.stdin.isatty():
        raise InputError("nothing was sent, since nobody can be asked here", hint="add --yes to send what is listed above")
    say(f"Type {repo} to send all of this:")
    if sys.stdin.readline().strip() != repo:
        raise InputError("nothing was sent", hint="the name was not typed")


def _message() -> str:
    """The commit's message on the hub: it names the commit here, by which anyone finds dvc.lock, prompts and parameters."""
    done = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False)
    if done.returncode:
        return "synthempathy publish"
    dirty = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", "dvc.lock"], check=False).returncode
    if dirty:
        say("warning: dvc.lock is not committed: nobody else will find the run that this comes from")
    return f"synthempathy publish, of commit {done.stdout.strip()}{' and an uncommitted dvc.lock' if dirty else ''}"


def _size(number: int) -> str:
    """Bytes for people, in powers of ten.

    >>> _size(7), _size(7800), _size(1804864)
    ('7 B', '7.8 kB', '1.8 MB')
    """
    for unit, power in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= power:
            return f"{number / power:.1f} {unit}"
    return f"{number} B"
