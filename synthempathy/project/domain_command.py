"""Begin a domain of one's own: a folder that `check` can read, with what is to be written marked in comments.

    synthempathy domain new NAME

It makes domains/NAME with a description (domain.yaml), what params.yaml must say for it (settings.yaml), a few seeds and
labelled pairs to be replaced, cues, and a prompt for each step. Then: `make repro PROFILE=smollm2 DOMAIN=NAME`, or another
profile whose model can follow them. README's chapter "A domain of your own" goes through it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from synthempathy.core.progress import say
from synthempathy.project.scaffold import new_domain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("what", choices=["new"], help="make a domain")
    parser.add_argument("name", help="small letters, digits and _: a folder of domains/, a file of metrics/")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="stands beside domains/; default: %(default)s")


def run(given: argparse.Namespace) -> None:
    """Make the folder."""
    folder = new_domain(given.name, given.params)
    say(f"domain: {folder} is there; write its texts, then run: make repro PROFILE=smollm2 DOMAIN={given.name}")
