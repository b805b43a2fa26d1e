"""Run the pipeline under a profile of profiles/, and leave its results in the workspace: what `make repro PROFILE=NAME` does.

    synthempathy profile smollm2 [stage ...] [--domain social_norms] [--show]

A profile lays values over params.yaml; what dvc.yaml names files by (prompts, paths) must stand in params.yaml itself, and
the profile lists it under `set`. This sets both there, as `dvc exp run --set-param` does, and runs the pipeline. With --domain it
sets first what that domain wants (domains/NAME/settings.yaml); where the profile has another value, the profile's holds, and a
line says so. Back to the committed state: `git restore params.yaml dvc.lock metrics` and `dvc checkout`.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from synthempathy.core.params import plain, read_params, value_at
from synthempathy.core.progress import say, tell
from synthempathy.domain.settings import with_domain
from synthempathy.project.params import Params, load_params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("name", help="of profiles/")
    parser.add_argument("stages", nargs="*", metavar="STAGE", help="with all before it; default: the whole pipeline")
    parser.add_argument("--domain", help="of domains/; default: the one that the params file names")
    parser.add_argument("--show", action="store_true", help="print DVC's command and run nothing")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="default: %(default)s")


def run(given: argparse.Namespace) -> None:
    """Print DVC's command, and run it; exits with its code."""
    command = command_of(given.name, given.stages, given.params, given.domain)
    if given.show:
        tell(shlex.join(command))
        return
    say(shlex.join(command))
    for line in overruled(given.name, given.params, given.domain):
        say(f"profile: {line}")
    if code := subprocess.run(command, check=False).returncode:
        sys.exit(code)


def command_of(profile: str, stages: Sequence[str], params: Path, domain: str | None = None) -> list[str]:
    """DVC's command for a profile, and for a domain. ParamsError where there is none of that name, or a mistake in it.

    What the domain wants is set first: where both name a prompt, the profile's model decides.
    """
    load_params(params, profile=profile)
    wanted: dict[str, Any] = {}
    if domain is not None:
        file, wanted = with_domain(params, domain)
        file.whole(Params)
    wanted |= {"profile": profile, **read_params(params, profile=profile).wanted}
    changes = [part for key, value in wanted.items() for part in ("--set-param", f"{key}={_written(value)}")]
    return ["dvc", "exp", "run", *changes, *stages]


def overruled(profile: str, params: Path, domain: str | None) -> list[str]:
    """What the domain wants and does not get, because the profile has another value: a line each."""
    if domain is None:
        return []
    file, (_, wanted) = read_params(params, profile=profile), with_domain(params, domain)
    having = {key: file.wanted.get(key, value_at(file.overlay, key)) for key in wanted}
    return [
        f"{key} is {_written(plain(having[key]))}, as profiles/{profile}.yaml says, not the domain's {_written(plain(value))}"
        for key, value in wanted.items() if having[key] not in (None, value)
    ]


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
