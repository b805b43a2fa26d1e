"""Change a params file by key: its comments and the order of its keys stay."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml import YAML


def set_params(path: Path, **values: object) -> Path:
    """Set keys by their dotted names, as in `set_params(path, **{"respond.attempts": 2})`.

    A key that the file lacks is a KeyError, so that a test notices when a parameter is renamed.
    """
    yaml = YAML()
    params = yaml.load(path.read_text(encoding="utf-8"))
    for name, value in values.items():
        *sections, key = name.split(".")
        place = params
        for section in sections:
            place = place[section]
        if key not in place:
            raise KeyError(f"{path}: no key {name}")
        place[key] = value
    with path.open("w", encoding="utf-8") as stream:
        yaml.dump(params, stream)
    return path
