"""All figures and pictures of the run, as dvc.yaml declares them, and the flow of rows from seeds to splits.

Pictures are DVC's: its templates, filled by its own renderer, drawn to SVG by vl-convert, which brings Vega and a font along.
So nothing is fetched, and the bytes hang on no font of this machine.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from synthempathy.core.errors import InputError
from synthempathy.core.files import read_table, read_text

_NAMED = re.compile(r"\$\{([\w.]+)\}")
#: The stages that rows pass on their way into the corpus and its splits.
FLOW = ("seeds", "brainstorm", "dedup", "explain", "respond", "filter", "split")
VEGA_LITE = "5.20"  # the version that the templates are drawn with
_CLIP = re.compile(r'(?<=id=")clip\d+(?=")|(?<=url\(#)clip\d+(?=\))')
_FONT = "Liberation Sans"  # vl-convert brings it
_CONFIG = {"font": _FONT, "background": "transparent", "view": {"stroke": "transparent"}}


def filled_in(value: Any, values: Mapping[str, Any]) -> Any:
    """A dvc.yaml with `${...}` filled in from params, as DVC does; what stands for a list or a mapping is left."""
    if isinstance(value, dict):
        return {filled_in(key, values): filled_in(one, values) for key, one in value.items()}
    if isinstance(value, list):
        return [filled_in(one, values) for one in value]
    return _NAMED.sub(lambda found: _filled(values, found), value) if isinstance(value, str) else value


def _filled(values: Mapping[str, Any], found: re.Match[str]) -> str:
    value: Any = values
    for key in found[1].split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return found[0] if value is None or isinstance(value, (dict, list)) else str(value)


def declared(pipeline: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Stage, path and properties of each of `metrics` or `plots` that the stages of a dvc.yaml declare."""
    for name, stage in pipeline["stages"].items():
        for one in stage.get(kind) or ():
            for path, given in one.items() if isinstance(one, dict) else [(one, {})]:
                yield name, path, given or {}


def read_figures(root: Path, pipeline: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`stage`, `desc`, `file` and the figures of each metrics file that is there."""
    found = []
    for stage, path, _ in declared(pipeline, "metrics"):
        if (root / path).is_file():
            desc = pipeline["stages"][stage].get("desc", "")
            found.append({"stage": stage, "desc": desc, "file": path, "figures": _json(root / path)})
    return found


def flow(figures: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`stage`, `in`, `out` and `dropped` (by reason, the most first) of each stage of FLOW, in order."""
    by_stage = {one["stage"]: one["figures"] for one in figures if "rows_in" in one["figures"]}
    return [{
        "stage": name, "in": by_stage[name]["rows_in"], "out": by_stage[name]["rows_out"],
        "dropped": sorted(((r, n) for r, n in by_stage[name].get("dropped", {}).items() if n), key=lambda one: (-one[1], one[0])),
    } for name in FLOW if name in by_stage]


def draw_plots(root: Path, pipeline: Mapping[str, Any], folder: Path) -> list[dict[str, str]]:
    """Draw each plot that has rows into `folder`; give `title`, `stage`, `source` and `file` of each."""
    from dvc_render.vega import VegaRenderer
    from vl_convert import vegalite_to_svg

    folder.mkdir(parents=True)
    found = []
    for stage, path, given in declared(pipeline, "plots"):
        if not (root / path).is_file() or not (rows := _rows(root / path)):
            continue
        template = str(given.get("template", "linear"))
        if template.endswith(".json"):
            template = str(root / template)
        title = str(given.get("title", path))
        named = {name: str(given[name]) for name in ("x", "y", "x_label", "y_label") if name in given}
        try:
            spec = VegaRenderer(rows, path, title=title, template=template, **named).get_filled_template()
            spec["config"] = {**spec.get("config", {}), **_CONFIG}
            picture = vegalite_to_svg(spec, vl_version=VEGA_LITE, allowed_base_urls=[])
        except Exception as error:  # the libraries raise what they like
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise InputError(f"the plot cannot be drawn ({reason})", file=path, hint="see its template and columns") from None
        file = f"{Path(path).stem}.svg"
        (folder / file).write_text(_numbered_anew(picture), encoding="utf-8", newline="\n")
        found.append({"title": title, "stage": stage, "source": path, "file": f"{folder.name}/{file}"})
    return found


def _numbered_anew(picture: str) -> str:
    """The picture with its own ids: the library counts on from picture to picture."""
    numbers: dict[str, int] = {}
    return _CLIP.sub(lambda found: f"clip{numbers.setdefault(found[0], len(numbers))}", picture)


def _rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a CSV as DVC shows them: of one revision, numbers as numbers."""
    text = read_text(path)
    rows = read_table(text, str(path))[1] if text else []
    return [{"rev": "this run", **{name: _value(cell) for name, cell in row.items() if name}} for _, row in rows]


def _value(text: str | None) -> str | float | None:
    try:
        number = float(text) if text else None
    except ValueError:
        return text
    return number if number is None or math.isfinite(number) else text  # a category may be called nan, and no plot has it


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(read_text(path))
    except ValueError as error:
        raise InputError(f"not JSON: {error}", file=path, hint="run the stage that writes this file again") from None
    if not isinstance(value, dict):
        raise InputError("not a JSON object", file=path, hint="run the stage that writes this file again")
    return value
