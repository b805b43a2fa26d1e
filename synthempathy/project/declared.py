"""Compare what dvc.yaml declares of each stage with what the stage uses: its code, and its sections of params.yaml.

    synthempathy deps [--dvc-yaml dvc.yaml stages/sampling/dvc.yaml ...]

Fails on code or a section that is used and not declared (a change goes unnoticed), and on code declared beyond 1.5 times of
what is used, or a section declared and not read (a stage reruns for nothing). Code is what the stage's modules import, and
theirs, under the parameters in force: see project/imports.py. The section machine changes no result and is never declared.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthempathy.core.errors import InputError, ParamsError
from synthempathy.core.files import read_text
from synthempathy.core.params import line_of, plain, read_mapping, read_params, value_at
from synthempathy.project.imports import ALL, COMPUTED, OURS, Closure, closure, holds_code, linked_code
from synthempathy.project.params import NAMING, Params, load_params
from synthempathy.scorers.base import FORMATS

#: How many modules may be declared for each that is used.
MOST_DECLARED = 1.6
SECTIONS = frozenset(Params.model_fields) - NAMING - {"machine"}
PIPELINES = (Path("dvc.yaml"), Path("stages/sampling/dvc.yaml"), Path("stages/demo_model/dvc.yaml"))

#: Folders of links that `check` makes: a stage that depends on one reruns where the code in it changes.
_LINKS = "models/named/"
_MODULE = re.compile(r"python -m ([\w.]+)")
_KEY = re.compile(r"\$\{([\w.]+)\}")


@dataclass(frozen=True)
class Row:
    """One stage: how many modules it uses, and how many its deps cover."""

    stage: str
    used: int
    covered: int

    @property
    def ratio(self) -> float:
        return self.covered / self.used


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `synthempathy deps`."""
    parser.add_argument("--dvc-yaml", type=Path, nargs="+", default=PIPELINES, help="default: all of this project")


def run(given: argparse.Namespace) -> None:
    """Print a row per stage; raise one error per finding."""
    for profile in sorted(Path("profiles").glob("*.yaml")):  # those that are not in force: no stage reads them
        load_params(Path("params.yaml"), profile=profile.stem)
    rows, findings = compared(Path(), given.dvc_yaml)
    print(f"{'stage':<12} modules used  covered by deps  ratio")
    for row in rows:
        print(f"{row.stage:<12} {row.used:>12}  {row.covered:>15}  {row.ratio:>5.2f}")
    if findings:
        raise ExceptionGroup("what dvc.yaml declares is not what is used", findings)


def compared(root: Path, pipelines: Iterable[Path] = PIPELINES) -> tuple[list[Row], list[InputError]]:
    """A row per stage of each dvc.yaml (paths from `root`), and what is wrong with them."""
    params = read_params(root / "params.yaml")
    rows, findings = [], []
    for path in pipelines:
        pipeline = read_mapping(root / path)
        values = _values(root, path, pipeline, params.base)
        for name, stage in pipeline["stages"].items():
            declared = _Declared(root, path, name, line_of(pipeline["stages"], name), plain(stage), values)
            used = Closure()
            for module in declared.modules:
                used.add(closure(root, module, params.values))
            rows.append(Row(name, len(used.modules), len(declared.covered)))
            linked = [code for stage in declared.links for code in linked_code(stage, params.values)]
            findings += [*_code(declared, used, linked, params.values), *_sections(declared, used)]
    return rows, findings


class _Declared:
    """What a stage declares, with `${...}` filled in where the value is known."""

    def __init__(
        self, root: Path, file: Path, name: str, line: int | None, stage: dict[str, Any], values: Mapping[str, Any],
    ) -> None:
        self.root, self.file, self.name, self.line, self._values = root, file, name, line, values
        commands = stage["cmd"] if isinstance(stage["cmd"], list) else [stage["cmd"]]
        self.modules = [module for command in commands for module in _MODULE.findall(command)]
        paths = (Path(self._filled(dep)) for dep in stage.get("deps", []))
        self.code = [path for path in paths if path.parts[:1] and path.parts[0] in OURS]
        self.links = [str(dep).removeprefix(_LINKS) for dep in stage.get("deps", []) if str(dep).startswith(_LINKS)]
        self.sections = self._keys(stage.get("params", []))
        ignored = read_text(root / ".dvcignore").splitlines() if (root / ".dvcignore").is_file() else []
        self._ignored = [line.lstrip("/") for line in ignored if line.endswith(".py")]
        self.covered = {one for dep in self.code for one in self.files(dep) if one.suffix == ".py" and holds_code(root / one)}

    def files(self, dep: Path) -> Iterator[Path]:
        """The files under a dep, from the root, without those that .dvcignore hides from DVC."""
        files = (self.root / dep).rglob("*") if (self.root / dep).is_dir() else iter([self.root / dep])
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts and not self.ignores(file):
                yield file.relative_to(self.root)

    def ignores(self, file: Path) -> bool:
        """Whether .dvcignore hides a module from DVC."""
        return any(file.match(pattern) for pattern in self._ignored)

    def wrong(self, problem: str, hint: str) -> InputError:
        """An error that names the stage's line."""
        return InputError(f"{self.name}: {problem}", file=self.file, line=self.line, hint=hint)

    def _filled(self, text: str) -> str:
        return _KEY.sub(lambda match: str(value_at(self._values, match[1]) or match[0]), text)

    def _keys(self, entries: list[Any]) -> dict[str, set[str]]:
        """Top-level keys, by the file that they are declared of; params.yaml and the profile's are always there."""
        found: dict[str, set[str]] = {"params.yaml": set(), f"profiles/{self._values.get('profile')}.yaml": set()}
        for entry in entries:
            for file, keys in entry.items() if isinstance(entry, dict) else (("params.yaml", [entry]),):
                found.setdefault(self._filled(file), set()).update(self._filled(key).split(".")[0] for key in keys or ())
        return found


def _code(
    declared: _Declared, used: Closure, linked: list[Path], params: Mapping[str, Any]
) -> Iterator[InputError]:
    """Code used and not declared; declared and not there; declared beyond what is used. `linked` is covered by check's links."""
    covering = [*declared.code, *linked]
    lacking: dict[Path, list[Path]] = defaultdict(list)
    for path in sorted(used.modules.keys() | used.data.keys()):
        if declared.ignores(path) or not any(path.is_relative_to(dep) for dep in covering):
            lacking[path.parent].append(path)
    for folder, paths in lacking.items():
        importer = (used.modules | used.data)[paths[0]]
        whole = len(paths) > 1 and set(paths) == {one for one in declared.files(folder) if one.name != "__init__.py"}
        yield declared.wrong(
            f"uses {_listed(path.name for path in paths)} of {folder} ({paths[0].name} by {importer}), which no dep covers",
            f"add to its deps: {_listed([folder] if whole else paths)}",
        )
    use = {dep: [one for one in declared.files(dep) if one in used.modules or one in used.data] for dep in declared.code}
    for dep, found in use.items():
        if not found and not _used_elsewhere(declared, dep, params):
            problem = "and nothing of it is used" if (declared.root / dep).exists() else "which is not there"
            yield declared.wrong(f"declares {dep}, {problem}", "take it out of its deps")
    if all(use.values()) and len(declared.covered) > MOST_DECLARED * len(used.modules):
        sizes = {dep: len([one for one in declared.covered if one.is_relative_to(dep)]) for dep in use}
        worst = max(use, key=lambda dep: sizes[dep] - len(use[dep]))
        yield declared.wrong(
            f"declares {len(declared.covered)} modules, uses {len(used.modules)}, of {worst} {len(use[worst])} in {sizes[worst]}",
            f"in place of {worst} name: {_listed(use[worst])}",
        )


def _used_elsewhere(declared: _Declared, dep: Path, params: Mapping[str, Any]) -> bool:
    """Whether a dep is of use under another scorer.kind: dvc.yaml is the same for all of them."""
    scorer = params.get("scorer", {})
    others = [{**params, "scorer": {**scorer, "kind": kind}} for kind in FORMATS if kind != scorer.get("kind")]
    return any(
        path.is_relative_to(dep)
        for values in others for module in declared.modules for path in closure(declared.root, module, values).modules
    )


def _sections(declared: _Declared, used: Closure) -> Iterator[InputError]:
    """Sections read and not declared, or the other way round, of params.yaml and the profile."""
    read = SECTIONS if ALL in used.sections else used.sections & SECTIONS
    for file, keys in declared.sections.items():
        if file != "params.yaml" and not file.startswith("profiles/"):
            continue
        if lacking := read - keys:
            yield declared.wrong(f"reads {_listed(lacking)}, not declared of {file}", "add to its params")
        needless = keys - read - (SECTIONS if COMPUTED in used.sections else set())
        if needless:
            yield declared.wrong(f"declares {_listed(needless)} of {file}, not read", "take out of its params")


def _listed(names: Iterable[object]) -> str:
    return ", ".join(sorted(map(str, names)))


def _values(root: Path, file: Path, pipeline: Mapping[str, Any], base: Any) -> dict[str, Any]:
    """What `${...}` in a dvc.yaml stands for: params.yaml beside it, and its vars (`../../params.yaml:profile`)."""
    beside = root / file.parent / "params.yaml"
    values: dict[str, Any] = plain(read_mapping(beside)) if beside.is_file() else {}
    for var in pipeline.get("vars", []):
        key = var.partition(":")[2]
        if key not in base:
            raise ParamsError("missing", file=root / "params.yaml", field=key, hint=f"{file} names it under vars")
        values[key] = base[key]
    return values

