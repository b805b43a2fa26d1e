"""Which stages DVC would run again, and why: what changed since dvc.lock, apart from what is only not on this machine."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Any

from synthempathy.core.errors import InputError

#: Links that `check` makes to the models on this machine: where the models are not, neither are these.
NAMED = "models/named/"


@dataclass(frozen=True)
class Stale:
    """What `dvc status` says of a stage.

    Attributes:
        changed: inputs, outputs and parameters that are others than dvc.lock has; "its command" for a changed command.
        missing: inputs and outputs that are not here, without the links to models.
    """

    changed: tuple[str, ...]
    missing: tuple[str, ...]


def stale_stages() -> dict[str, Stale]:
    """The stages of ./dvc.yaml that are not as dvc.lock has them. InputError with DVC's last line where it cannot say."""
    done = subprocess.run(["dvc", "status", "--json", "dvc.yaml"], capture_output=True, text=True, check=False)
    try:
        said = json.loads(done.stdout)
    except ValueError:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR:")] or ["nothing"]
        raise InputError(f"`dvc status` says: {lines[-1].removeprefix('ERROR: ')}", file="dvc.yaml") from None
    found = {stage: _stale(parts) for stage, parts in said.items()}
    return {stage: one for stage, one in found.items() if one.changed or one.missing}


def _stale(parts: list[Any]) -> Stale:
    changed: list[str] = []
    missing: list[str] = []
    for part in parts:
        if not isinstance(part, dict):  # "changed command", "always changed"
            changed.append("its command")
            continue
        for names in part.values():
            for name, state in names.items():
                if isinstance(state, dict):  # parameters of a file
                    changed += state
                elif state == "deleted":
                    missing += [] if name.startswith(NAMED) else [name]
                else:
                    changed.append(name)
    return Stale(tuple(changed), tuple(dict.fromkeys(missing)))
