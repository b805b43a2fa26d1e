"""The pins, from what pip resolved: constraints.txt, requirements.lock with a hash of every file, and the bill of materials.

`make constraints` calls it (.ci/resolve says in which order), with the report of `pip install --dry-run --report`:

    python -m synthempathy.project.pins constraints REPORT
    python -m synthempathy.project.pins lock REPORT HASHES     # HASHES: of `uv pip compile --generate-hashes`
    python -m synthempathy.project.pins bill REPORT

What it prints follows from the report alone: from no index, no clock, and nothing that is installed beside it.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from synthempathy.core.errors import InputError

PROJECT = "synthempathy"
#: Its builds differ from index to index (CPU, CUDA), so that its version alone is pinned, and what only some of them want
#: (nvidia-..., triton) is left to it.
BY_VERSION = "torch"
#: What installs packages, and comes with every environment: `pip freeze` leaves them out too.
_INSTALLERS = frozenset(("pip", "setuptools", "wheel"))
_OF_SOME_BUILDS = re.compile(r"^(nvidia-|cuda-|triton)")

CONSTRAINTS_HEADER = "# The pins, resolved by pip: make constraints. One set for all extras but vllm (.ci/constraints-vllm.txt)."
LOCK_HEADER = """\
# The pins with the hash of every file of theirs, for .ci/install: make constraints. `for:` says who needs a package: everyone
# (base), or these extras. Not here: torch, whose builds differ from index to index, and what another platform needs besides;
# both come by the versions of constraints.txt."""


@dataclass(frozen=True)
class Package:
    """A package of the report: its name as it spells it, its version without a local label, what its metadata say."""

    name: str
    version: str
    requires: tuple[Requirement, ...]
    metadata: Mapping[str, Any]
    sha256: str | None

    @property
    def extras(self) -> list[str]:
        return [canonicalize_name(extra) for extra in self.metadata.get("provides_extra", [])]


def read_report(path: Path) -> dict[str, Package]:
    """The packages by their canonical names, the project's own among them. InputError where it is no report of pip."""
    try:
        installs = json.loads(path.read_text(encoding="utf-8"))["install"]
        found = {}
        for one in installs:
            about = one["metadata"]
            requires = tuple(Requirement(text) for text in about.get("requires_dist", []))
            sha256 = one["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256")
            version = Version(about["version"]).public
            found[str(canonicalize_name(about["name"]))] = Package(about["name"], version, requires, about, sha256)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"not a report of pip: {error!r}", file=path, hint="make it by pip install --dry-run --report") from None
    found = {name: package for name, package in found.items() if name not in _INSTALLERS}
    if PROJECT not in found:
        raise InputError(f"does not hold {PROJECT}", file=path, hint="resolve the project itself, with its extras")
    return found


def requirements_of(package: Package, extras: Iterable[str] = ()) -> Iterator[Requirement]:
    """What it requires on this platform, with these extras."""
    wanted = ("", *extras)
    for one in package.requires:
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in wanted):
            yield one


def needed(packages: Mapping[str, Package], extras: Iterable[str] = ()) -> set[str]:
    """The project with these extras, and all that it needs, by canonical name."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(PROJECT, frozenset(extras))]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        for requirement in requirements_of(packages[one[0]], one[1]):
            name = str(canonicalize_name(requirement.name))
            if name in packages:
                waiting.append((name, frozenset(map(canonicalize_name, requirement.extras))))
    return {name for name, _ in seen}


def who_needs(packages: Mapping[str, Package]) -> dict[str, list[str]]:
    """For each package but the project: ["base"], or the extras that need it."""
    base = needed(packages)
    by_extra = {extra: needed(packages, [extra]) for extra in sorted(packages[PROJECT].extras)}
    return {
        name: ["base"] if name in base else [extra for extra, names in by_extra.items() if name in names]
        for name in sorted(packages) if name != PROJECT
    }


def constraints(packages: Mapping[str, Package]) -> str:
    """constraints.txt: without addresses and local labels, so that any index and any build of torch serves."""
    pinned = sorted((p for key, p in packages.items() if key != PROJECT), key=lambda package: package.name.lower())
    return "\n".join([CONSTRAINTS_HEADER, *(f"{package.name}=={package.version}" for package in pinned)]) + "\n"


def lock(packages: Mapping[str, Package], hashes: str) -> str:
    """requirements.lock: the blocks of `hashes` under a line each that says who needs the package.

    A package whose file, as resolved, is not among its hashes is not the same everywhere, and is left out as torch is.
    """
    users = who_needs(packages)
    blocks = []
    for block in re.split(r"^(?=[A-Za-z0-9])", hashes, flags=re.MULTILINE):
        name = str(canonicalize_name(re.split(r"[=\s\[]", block, maxsplit=1)[0]))
        if name not in users or not users[name] or name == BY_VERSION or _only_some_builds(name, packages):
            continue
        sha256 = packages[name].sha256
        if sha256 is not None and sha256 in block:
            blocks.append(f"# for: {' '.join(users[name])}\n{block.rstrip()}")
    return "\n".join([LOCK_HEADER, *blocks]) + "\n"


def _only_some_builds(name: str, packages: Mapping[str, Package]) -> bool:
    return _OF_SOME_BUILDS.match(name) is not None and not any(
        name == canonicalize_name(one.name)
        for key, package in packages.items() if key != BY_VERSION for one in requirements_of(package, package.extras)
    )


def main() -> None:
    """Print one of the three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("constraints", "lock", "bill"))
    parser.add_argument("report", type=Path)
    parser.add_argument("hashes", type=Path, nargs="?")
    given = parser.parse_args()
    packages = read_report(given.report)
    if given.what == "constraints":
        print(constraints(packages), end="")
    elif given.what == "lock":
        if given.hashes is None:
            parser.error("lock wants HASHES")
        print(lock(packages, given.hashes.read_text(encoding="utf-8")), end="")
    else:
        from synthempathy.project.sbom import bill_of_materials, check_bill

        text = bill_of_materials(packages)
        check_bill(text)
        print(text, end="")


if __name__ == "__main__":
    main()
