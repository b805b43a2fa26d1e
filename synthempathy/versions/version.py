"""A version of the project: a git revision, a DVC experiment, the workspace, or a bare file of an evaluation.

Small files (prompts, parameters, metrics, dvc.lock) come from git or the disk. Texts come from the disk or from DVC's cache,
by the hash in that version's dvc.lock. Nothing is fetched: what is not here is said, with the way to get it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from synthempathy.core.errors import InputError
from synthempathy.core.files import read_text
from synthempathy.evaluation.revisions import commit_of, file_at, files_at
from synthempathy.evaluation.score_table import WORKSPACE

LOCK = Path("dvc.lock")


@dataclass(frozen=True)
class Version:
    """What a name of `compare` stands for.

    Attributes:
        name: as it was given.
        commit: of a revision or an experiment, else None.
        is_file: an evaluation's file alone, of which neither prompts nor parameters are known.
    """

    name: str
    commit: str | None = None
    is_file: bool = False
    _texts: dict[Path, str | None] = field(default_factory=dict, repr=False, compare=False)

    @property
    def short_commit(self) -> str:
        """What tells the commit from others, "" without one."""
        return self.commit[:10] if self.commit and "/" not in self.commit else ""

    def text(self, path: Path) -> str | None:
        """A small file's text; None where this version has none."""
        if self.is_file:
            return None
        if path not in self._texts:
            if self.commit:
                self._texts[path] = file_at(self.commit, path)
            else:
                self._texts[path] = read_text(path) if path.is_file() else None
        return self._texts[path]

    def files(self, folder: Path, ending: str) -> list[Path]:
        """The small files under `folder` whose names end so."""
        if self.is_file:
            return []
        found = files_at(self.commit, folder) if self.commit else sorted(p for p in folder.rglob("*") if p.is_file())
        return [path for path in found if path.name.endswith(ending)]

    @cached_property
    def lock(self) -> dict[str, Any]:
        """The stages of its dvc.lock, {} without one. InputError where it is not readable."""
        text = self.text(LOCK)
        try:
            stages = (YAML(typ="safe").load(text) or {}).get("stages") if text else {}
        except (YAMLError, AttributeError, ValueError, RecursionError):
            stages = None
        if not isinstance(stages, dict):
            raise InputError("not a dvc.lock", file=f"{self.name}:{LOCK}", hint="run `dvc repro` there and commit it")
        return stages

    def entries(self, what: str) -> list[tuple[str, str, str]]:
        """(stage, path, hash) of all `deps` or `outs` in its dvc.lock."""
        return [
            (name, str(one["path"]), str(one.get("md5", "")))
            for name, stage in self.lock.items() if isinstance(stage, dict)
            for one in stage.get(what) or [] if isinstance(one, dict) and "path" in one
        ]

    def data(self, path: Path) -> Path | InputError:
        """Where this version's data file lies, on the disk or in DVC's cache; an error that says how to get it if nowhere."""
        if self.is_file:
            return Path(self.name)
        if self.commit is None and path.is_file():
            return path
        digest = next((digest for _, out, digest in self.entries("outs") if out == path.as_posix()), "")
        here = _cached(digest) if digest else None
        if here is not None:
            return here
        place = f"{self.name}:{path}"
        if not digest:
            return InputError(f"does not stand in its {LOCK}", file=place, hint="run `dvc repro` there and commit it")
        command = f"dvc pull {path}"
        if self.commit:  # dvc fetches for what is checked out; for all commits it would read every one of them, for minutes
            command = f"git switch --detach {self.commit} && dvc fetch {path}; git switch -"
        return InputError("is not in DVC's cache here", file=place, hint=f"run `{command}`, or `dvc repro` there")


def version(name: str) -> Version:
    """What `name` stands for; InputError where it is nothing."""
    if name == WORKSPACE:
        return Version(name)
    if Path(name).suffix in (".jsonl", ".csv"):
        return Version(name, is_file=True)
    return Version(name, commit_of(name))


def _cached(digest: str) -> Path | None:
    """The file of this hash in DVC's cache, wherever the project's config puts that; None where it is not there."""
    from dvc.exceptions import DvcException  # takes a second to import
    from dvc.repo import Repo

    try:
        repo = Repo()
    except DvcException:
        return None
    try:
        path = Path(repo.cache.local.oid_to_path(digest))
    finally:
        repo.close()
    return path if path.is_file() else None
