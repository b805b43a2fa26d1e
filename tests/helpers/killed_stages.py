"""Run stages of a project, each once, and kill a child of each before every one of its renames. For tests/pipeline/test_repro.py.

    python -m tests.helpers.killed_stages all             # where the project is; prints {stage: renames}
    python -m tests.helpers.killed_stages STAGE NUMBER    # this process dies before rename NUMBER of that stage

A stage works until its outputs stand beside their places. From there a child goes on, for each rename anew, and dies before it;
then what every command does first is done, and all outputs must be the old ones, or all the new. The last child is let live.
"""

import hashlib
import json
import os
import runpy
import shlex
import shutil
import signal
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from ruamel.yaml import YAML

from synthempathy.core import files, replacing
from tests.helpers.dying import dies_before

ASIDE = Path(".synthempathy/aside")
plain_replace_all, plain_replace = files.replace_all, replacing._replace


def told(paths: Sequence[Path]) -> str:
    """What all of them hold: names, links, bytes."""
    found = [
        (str(one.relative_to(path)), os.readlink(one) if one.is_symlink() else hashlib.md5(one.read_bytes()).hexdigest())
        for path in paths for one in sorted([path, *path.rglob("*")]) if one.is_symlink() or one.is_file()
    ]
    return json.dumps(found)


def make_old(paths: Sequence[Path]) -> None:
    """Other bytes than those that the stage writes."""
    for path in paths:
        for one in [path, *path.rglob("*")]:
            if one.is_file() and not one.is_symlink():
                one.unlink()  # it may be a link into DVC's cache
                one.write_text("old\n")
        if path.is_dir():
            (path / "old").write_text("old\n")


def copy(one: Path, to: Path) -> None:
    replacing.remove(to)
    if one.is_dir():
        shutil.copytree(one, to, symlinks=True)
    elif one.exists():
        shutil.copy2(one, to)


def killed_at_each(parts: Sequence[Path], targets: Sequence[Path]) -> int:
    """Replace as a stage does, but by children that die before rename 0, 1, ...; give the number of renames."""
    make_old(targets)
    new, old = told(parts), told(targets)
    assert new != old
    shutil.rmtree(ASIDE, ignore_errors=True)
    ASIDE.mkdir(parents=True)
    kept = [(path, ASIDE / str(number)) for number, path in enumerate([*parts, *targets])]
    for path, place in kept:
        copy(path, place)
    seen = set()
    for number in count():
        child = os.fork()
        if child == 0:
            replacing._replace = dies_before(number)(plain_replace)
            plain_replace_all(parts, targets)
            os._exit(0)
        code = os.waitpid(child, 0)[1]
        assert code in (0, signal.SIGKILL), code
        replacing.finish_interrupted()
        found = told(targets)
        assert found in (old, new), (number, [str(target) for target in targets])
        seen.add(found == new)
        if code == 0:
            assert found == new and not any(part.exists() for part in parts)
            return number
        for path, place in kept:
            copy(place, path)
    raise AssertionError


def commands() -> dict[str, list[str]]:
    """The words of each stage's command in dvc.yaml: python -m MODULE ..."""
    stages = YAML(typ="safe").load(Path("dvc.yaml"))["stages"]
    return {name: shlex.split(stage["cmd"]) for name, stage in stages.items()}


def run(words: list[str]) -> None:
    sys.argv = words[2:]
    try:
        runpy.run_module(words[2], run_name="__main__")
    except SystemExit as ended:
        assert not ended.code, ended.code


def main() -> None:
    if sys.argv[1] != "all":
        words = commands()[sys.argv[1]]
        replacing._replace = dies_before(int(sys.argv[2]))(plain_replace)
        run(words)
        return
    renames = {}
    for name, words in commands().items():
        def replace_all(parts: Sequence[Path], targets: Sequence[Path], name: str = name) -> None:
            whole = len(targets) > 1 or targets[0].is_dir()  # a file alone changes by one rename
            if whole and name not in renames and not any(".part" in one for target in targets for one in target.parts):
                renames[name] = 0
                renames[name] = killed_at_each(parts, targets)
            else:
                plain_replace_all(parts, targets)

        files.replace_all = replace_all
        run(words)
    shutil.rmtree(ASIDE)
    print(json.dumps(renames))


if __name__ == "__main__":
    main()
