"""What `synthempathy publish` would send: which files, to which repository, and what stands in the way of it.

The folders are outputs of the pipeline, and go as dvc.lock has them. The adapter's card alone is completed on the way: the
hub wants a licence in it, and takes a folder's name there for a model of its own.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ruamel.yaml import YAML

from synthempathy.core.errors import InputError
from synthempathy.core.files import read_text
from synthempathy.core.params import read_mapping
from synthempathy.llm.loading import adapter_config
from synthempathy.project.staleness import stale_stages
from synthempathy.release.datasheet import read_datasheet, unanswered
from synthempathy.release.params import Release

RELEASE, EXPLORER, ADAPTER = Path("data/release"), Path("data/explorer"), Path("models/adapter")
DATASHEET = Path("data/datasheet.yaml")
_HEADER = re.compile(r"\A---\n(.*?\n)---\n(.*)\Z", re.DOTALL)
_NO_LICENCES = ("", "unknown", "none")


@dataclass(frozen=True)
class Parcel:
    """A folder on its way into a repository.

    Attributes:
        repo, kind: `ORG/NAME`, and "dataset" or "model".
        place: the folder there; "" is its root.
        replaced: patterns, from `place`, of files that go from there where the folder no longer holds them.
        card: a README.md that goes instead of the folder's own.
    """

    repo: str
    kind: str
    folder: Path
    place: str = ""
    replaced: tuple[str, ...] = ()
    card: str | None = None

    def files(self) -> dict[str, int]:
        """Name in the repository and size in bytes of each file."""
        found = {
            path.relative_to(self.folder).as_posix(): path.stat().st_size
            for path in sorted(self.folder.rglob("*")) if path.is_file()
        }
        if self.card is not None:
            found["README.md"] = len(self.card.encode())
        return {f"{self.place}/{name}" if self.place else name: size for name, size in found.items()}

    @contextmanager
    def folder_to_send(self) -> Iterator[Path]:
        """The folder; where a card of its own goes, a temporary one with links to the other files."""
        if self.card is None:
            yield self.folder
            return
        with TemporaryDirectory() as name:
            for path in self.folder.iterdir():
                if path.name != "README.md":
                    (Path(name) / path.name).symlink_to(path.absolute())
            (Path(name) / "README.md").write_text(self.card, encoding="utf-8")
            yield Path(name)


def parcels(repo: str, adapter_repo: str | None, about: Release) -> list[Parcel]:
    """Data set and card, the explorer where it is there, the adapter where `adapter_repo` names a place for it.

    InputError for a release without a licence, one that is not there, or one that is not of the present dvc.lock.
    """
    explorer = [EXPLORER] if EXPLORER.is_dir() else []
    check_present([RELEASE, *explorer, *([ADAPTER] if adapter_repo else [])])
    _check_licence(RELEASE / "README.md")
    found = [Parcel(repo, "dataset", RELEASE, replaced=("data/*",))]
    found += [Parcel(repo, "dataset", folder, "explorer", replaced=("*",)) for folder in explorer]
    if adapter_repo is not None:
        found.append(Parcel(adapter_repo, "model", ADAPTER, card=adapter_card(repo, about.adapter_license)))
    return found


def warnings(found: list[Parcel], about: Release) -> Iterator[str]:
    """What does not stand in the way, and is worth a look before others see it."""
    if not any(parcel.folder == EXPLORER for parcel in found):
        yield f"{EXPLORER} is not there, and is not sent"
    blanks = unanswered(read_datasheet(DATASHEET))
    if blanks:
        yield f"{DATASHEET}: {len(blanks)} questions are not answered:" + "".join(f"\n  {blank}" for blank in blanks)
    unset = [name for name, value in about.model_dump().items() if not value and name != "adapter_license"]
    if unset:
        yield f"params.yaml: blank in the section release: {', '.join(unset)}"
    if any(parcel.folder == ADAPTER for parcel in found):
        base = str(adapter_config(ADAPTER)["base_model_name_or_path"])
        if Path(base).is_dir():
            yield f"{ADAPTER}: its base model, {base}, is a folder of this project: who loads the adapter needs that too"


def check_present(folders: list[Path], lock: Path = Path("dvc.lock")) -> None:
    """The folders are what dvc.lock says, and nothing that they were made from has changed since. InputError otherwise."""
    outs = {
        out["path"]: out["md5"] for stage in (read_mapping(lock).get("stages") or {}).values() for out in stage.get("outs", [])
    }
    for folder in folders:
        if not folder.is_dir():
            raise InputError("no such folder", file=folder, hint="run `dvc repro`, or `dvc pull`")
        if outs.get(str(folder)) != folder_md5(folder):
            raise InputError(
                f"not what {lock} says", file=folder,
                hint="run `dvc repro`, or `dvc checkout`, so that others can tell its origin",
            )
    for stage, why in stale_stages().items():
        if why.changed:
            raise InputError(
                f"the stage {stage} is not up to date: {', '.join(why.changed)} changed since {lock}", file="dvc.yaml",
                hint="run `dvc repro`, so that what is published is of this project as it stands",
            )


def folder_md5(folder: Path) -> str:
    """The hash of a folder as dvc.lock has it: of the list of its files, each with its md5."""
    entries = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    listed = []
    for name, path in entries:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        listed.append({"md5": digest, "relpath": name})
    text = json.dumps(listed, sort_keys=True)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() + ".dir"


def adapter_card(dataset: str, licence: str | None) -> str:
    """The adapter's README.md with what the hub wants of it: licence, data set, and a base model that the hub knows."""
    if licence is None:
        raise InputError(
            "missing", file="params.yaml", field="release.adapter_license",
            hint="name the licence of the adapter, that of its base model, or publish with --no-adapter",
        )
    header, body = _card(ADAPTER / "README.md")
    if Path(str(header.get("base_model"))).is_dir():  # the hub would look for a model of this name
        del header["base_model"]
    header |= {"license": licence, "datasets": [dataset]}
    stream = StringIO()
    YAML().dump(header, stream)
    return f"---\n{stream.getvalue()}---\n{body}"


def _check_licence(card: Path) -> None:
    licence = str(_card(card)[0].get("license") or "")
    if licence.lower() in _NO_LICENCES:
        raise InputError(
            "names no licence", file=card, field="license", value=licence, hint="set release.license, and run `dvc repro`"
        )


def _card(path: Path) -> tuple[dict[str, Any], str]:
    """Header and text of a card."""
    match = _HEADER.match(read_text(path))
    header = YAML(typ="safe").load(match[1]) if match else None
    if match is None or not isinstance(header, dict):
        raise InputError("no card with a header: the hub reads the licence there", file=path, hint="run `dvc repro`")
    return header, match[2]
