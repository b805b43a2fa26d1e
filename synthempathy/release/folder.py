"""The folder of a release: what must hold before it is written, and its provenance.json."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synthempathy.core.errors import InputError
from synthempathy.core.records import Pair


class ReleasedPair(Pair):
    """A pair that names the model of each of its texts."""

    explanation_model: str
    response_model: str


def check_splits(
    splits: Mapping[str, list[ReleasedPair]], files: Mapping[str, Path], pairs: int, corpus: Path
) -> None:
    """The splits are the corpus that was measured: as many rows, no id twice, no seed in two splits; else InputError."""
    total = sum(map(len, splits.values()))
    if total != pairs:
        raise InputError(
            f"the three splits hold {total} pairs", file=corpus, field="pairs", value=pairs,
            hint="they come from different runs: run `dvc repro`",
        )
    first_split: dict[tuple[str, str], str] = {}
    for split, rows in splits.items():
        for row in rows:
            for field, value in (("id", row.id), ("seed_id", row.seed_id)):
                first = first_split.setdefault((field, value), split)
                if first != split:
                    raise InputError(
                        f"is also in {files[first].name}", file=files[split], field=field, value=value,
                        hint="split the corpus again: all rows of a seed belong to one side",
                    )


def check_replaceable(folder: Path) -> None:
    """The folder is replaced as a whole, so it must be new, empty, or an earlier release; InputError otherwise."""
    if folder.is_dir():
        foreign = any(folder.iterdir()) and not (folder / "provenance.json").is_file()
    else:
        foreign = folder.exists()
    if foreign:
        raise InputError(
            "it is not an earlier release, and would be replaced", file=folder, hint="name a new or empty folder"
        )


def provenance(params: Mapping[str, Any], inputs: Mapping[str, Path]) -> str:
    """provenance.json: name and md5 of each input; the parameters and the md5 of their JSON with sorted keys.

    Numbers are not rounded, as they are in metrics.
    """
    text = json.dumps(params, sort_keys=True, ensure_ascii=False)
    content = {
        "inputs": {name: {"file": path.name, "md5": md5_of(path)} for name, path in inputs.items()},
        "params": {"md5": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(), "values": params},
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def md5_of(path: Path) -> str:
    """The md5 of a file, as dvc.lock has it."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
