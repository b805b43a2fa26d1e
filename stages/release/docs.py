"""Write (or check) the README's generated parts: the stage table and the diagram, from dvc.yaml.

    python -m stages.release.docs README.md [--check]

The parts stand between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stages.common.command import guarded
from stages.common.errors import InputError
from stages.common.files import read_text, written_whole

_PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def update(readme: Path, dvc_yaml: Path, *, check: bool) -> None:
    """Rewrite the parts of `readme`; with `check`, raise InputError where they are stale."""
    text = read_text(readme)
    stages = YAML(typ="safe").load(read_text(dvc_yaml))["stages"]
    parts = {"stages": stage_table(stages), "diagram": diagram(stages)}
    fresh = _PART.sub(lambda m: f"{m[1]}{parts[m[2]]}{m[3]}", text)
    if check and fresh != text:
        raise InputError("the generated parts are stale", file=readme, way_out="run: make docs")
    if not check:
        with written_whole(readme) as (part,):
            part.write_text(fresh, encoding="utf-8")


def stage_table(stages: dict[str, Any]) -> str:
    """One row a stage: what it does, what it writes."""
    rows = ["| stage | what it does | writes |", "|---|---|---|"]
    for name, stage in stages.items():
        written = [_path(out) for key in ("outs", "metrics") for out in stage.get(key, [])]
        rows.append(f"| `{name}` | {stage['desc']} | {', '.join(f'`{path}`' for path in written)} |")
    return "\n".join(rows) + "\n"


def diagram(stages: dict[str, Any]) -> str:
    """A Mermaid flowchart: an arrow from the stage that writes a file to each that reads it."""
    writer = {_path(out): name for name, stage in stages.items() for key in ("outs", "metrics") for out in stage.get(key, [])}
    arrows = sorted({
        (writer[dep], name) for name, stage in stages.items() for dep in stage.get("deps", []) if dep in writer
    })
    lines = [f"    {source} --> {target}" for source, target in arrows]
    return "```mermaid\nflowchart LR\n" + "\n".join(lines) + "\n```\n"


def _path(out: str | dict[str, Any]) -> str:
    return out if isinstance(out, str) else next(iter(out))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readme", type=Path)
    parser.add_argument("--dvc-yaml", type=Path, default=Path("dvc.yaml"), help="default: dvc.yaml")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a part is stale")
    given = parser.parse_args()
    guarded(lambda: update(given.readme, given.dvc_yaml, check=given.check))
