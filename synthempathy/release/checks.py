"""What must hold before a release is written: the splits are the corpus, and nothing of others is replaced."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from synthempathy.core.errors import InputError
from synthempathy.core.records import Pair


class ReleasedPair(Pair):
    """A pair whose row says which model wrote what."""

    explanation_model: str
    response_model: str


def check_whole(
    splits: Mapping[str, list[ReleasedPair]], files: Mapping[str, Path], pairs: int, corpus: Path
) -> None:
    """The splits are the corpus that was measured: as many rows, no id twice, no seed in two splits."""
    total = sum(map(len, splits.values()))
    if total != pairs:
        raise InputError(
            f"the three splits hold {total} pairs", file=corpus, field="pairs", value=pairs,
            hint="they are of different runs: run `dvc repro`",
        )
    home_of: dict[tuple[str, str], str] = {}
    for split, rows in splits.items():
        for row in rows:
            for field, value in (("id", row.id), ("seed_id", row.seed_id)):
                first = home_of.setdefault((field, value), split)
                if first != split:
                    raise InputError(
                        f"stands in {files[first].name} too", file=files[split], field=field, value=value,
                        hint="split the corpus again: all rows of a seed go to one side",
                    )


def refuse_foreign(folder: Path) -> None:
    """The folder is replaced as a whole, so it must be new, empty, or made by an earlier release."""
    if folder.is_dir():
        foreign = any(folder.iterdir()) and not (folder / "provenance.json").is_file()
    else:
        foreign = folder.exists()
    if foreign:
        raise InputError(
            "no release made it, and a release would replace it", file=folder, hint="name a new or empty folder"
        )
