"""What a domain wants to stand in params.yaml: its paths and prompts, its scorer's settings, its filter's policies.

domains/NAME/settings.yaml holds them as params.yaml would; the names that follow from the description (`domain`, `whole`,
`prompts`) stand in no file twice. `synthempathy profile PROFILE --domain NAME` sets all of it in params.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from synthempathy.core.errors import ParamsError
from synthempathy.core.params import ParamsFile, read_mapping
from synthempathy.domain.description import DESCRIPTION, folder_of, read_description

SETTINGS, PROMPTS = "settings.yaml", "prompts"


def with_domain(params: Path, name: str) -> tuple[ParamsFile, dict[str, Any]]:
    """`params` as the domain `name` wants it, to be checked as a whole; and what is to be set, by dotted key.

    ParamsError where there is no such domain, or its files are wrong.
    """
    folder = folder_of(params, name)
    path = folder / SETTINGS
    settings = read_mapping(path) if path.is_file() else {}
    own = folder / PROMPTS
    derived = {
        "domain": name, "whole": read_description(folder / DESCRIPTION).rubric.whole,
        "prompts": own.relative_to(params.parent).as_posix() if own.is_dir() else PROMPTS,
    }
    if twice := next((key for key in derived if key in settings), None):
        raise ParamsError("it follows from the description", file=path, field=twice, hint="take it out")
    base = read_mapping(params)
    return ParamsFile(params, {**base, **derived}, path, settings), {**derived, **dict(_flat(settings, base))}


def _flat(settings: Mapping[str, Any], base: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Each value under its dotted key; a mapping whole where params.yaml has none in its place."""
    for key, value in settings.items():
        there = base.get(key) if isinstance(base, dict) else None
        if isinstance(value, dict) and isinstance(there, dict):
            yield from _flat(value, there, f"{above}{key}.")
        else:
            yield f"{above}{key}", value
