"""What a release was made from: provenance.json."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from synthempathy.project.params import Params


def provenance(settings: Params, inputs: Mapping[str, Path]) -> str:
    """JSON: each input's file name and md5; the params in force and their md5.

    `machine` is left out of the params: it changes how fast, never what. The md5 of the params is that
    of their JSON with sorted keys. Numbers are not rounded, as they are in metrics.
    """
    values = settings.model_dump(exclude={"machine"})
    text = json.dumps(values, sort_keys=True, ensure_ascii=False)
    told = {
        "inputs": {name: {"file": path.name, "md5": md5_of(path)} for name, path in inputs.items()},
        "params": {"md5": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(), "values": values},
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def md5_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
