"""params.yaml and the profile laid over it, checked: unknown keys and values out of range are refused.

One pydantic model a section; dvc.yaml names the same sections as each stage's `params`.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from stages.common.errors import ParamsError
from stages.common.files import read_text
from stages.common.sections import Params

#: Keys that name files in dvc.yaml. DVC reads them from params.yaml alone, so a profile may not set them.
PATHS_IN_DVC_YAML = (
    ("seeds", "path"), ("brainstorm", "prompt"), ("explain", "prompt"), ("respond", "prompt"),
    ("finetune", "prompt"), ("scorer", "path"), ("scorer", "also"),
)


def load_params(path: Path, *, profile: str | None = None) -> Params:
    """Read `path` and `profiles/<profile>.yaml` beside it. ParamsError names file, line, key, value.

    `profile` overrides the one that `path` names.
    """
    base = read_mapping(path)
    profile = profile or base.get("profile")
    if not isinstance(profile, str):
        raise ParamsError("missing", file=path, field="profile", way_out="set profile: embedded")
    overlay_path = path.parent / "profiles" / f"{profile}.yaml"
    if not overlay_path.is_file():
        there = ", ".join(sorted(p.stem for p in overlay_path.parent.glob("*.yaml"))) or "none"
        raise ParamsError("no such profile", file=path, field="profile", value=profile, way_out=f"there are: {there}")
    overlay = read_mapping(overlay_path)
    for keys in PATHS_IN_DVC_YAML:
        if _holds(overlay, keys):
            raise ParamsError(
                "a profile may not set it, because dvc.yaml names a file by it", file=overlay_path,
                line=_line(overlay, keys), field=".".join(keys), way_out=f"set it in {path}",
            )
    try:
        return Params.model_validate(_merged(base, overlay))
    except ValidationError as error:
        raise _named(error, path, base, overlay_path, overlay) from None


def read_mapping(path: Path) -> Any:
    """A YAML 1.2 mapping that remembers its lines. ParamsError names file and line of what is not YAML."""
    try:
        value = YAML(typ="rt").load(read_text(path))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else None
        raise ParamsError(f"not YAML: {error.problem}", file=path, line=line) from None
    if not isinstance(value, dict):
        raise ParamsError("not a mapping of sections", file=path, line=1)
    return value


def _merged(base: Any, overlay: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(overlay, dict):
        return _plain(overlay)
    keys = [*base, *(k for k in overlay if k not in base)]
    return {
        str(k): _merged(base[k], overlay[k]) if k in base and k in overlay else _plain(overlay.get(k, base.get(k)))
        for k in keys
    }


def _plain(value: Any) -> Any:
    """Without ruamel's own types, which pydantic's strict mode would refuse."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, bool) or value is None:
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def _holds(mapping: Any, keys: tuple[str, ...]) -> bool:
    for key in keys:
        if not isinstance(mapping, dict) or key not in mapping:
            return False
        mapping = mapping[key]
    return True


def _line(mapping: Any, keys: tuple[Any, ...]) -> int | None:
    """The line where the last of `keys` stands, or the nearest key above it."""
    line: int | None = None
    for key in keys:
        if not isinstance(mapping, dict) or key not in mapping:
            break
        marked: Any = mapping  # ruamel's mapping, which knows its lines
        line = marked.lc.key(key)[0] + 1
        mapping = mapping[key]
    return line


def _named(error: ValidationError, path: Path, base: Any, overlay_path: Path, overlay: Any) -> ParamsError:
    problems = error.errors()  # a misspelt key is also a missing one: say the former
    problem = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
    keys = tuple(problem["loc"])
    file, mapping = (overlay_path, overlay) if _holds(overlay, keys) else (path, base)  # type: ignore[arg-type]
    field = ".".join(str(k) for k in keys)
    if problem["type"] == "extra_forbidden":
        known = _known_keys(keys[:-1])
        near = difflib.get_close_matches(str(keys[-1]), known, n=1)
        out = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(known)}"
        return ParamsError("unknown key", file=file, line=_line(mapping, keys), field=field, way_out=out)
    if problem["type"] == "missing":
        return ParamsError("missing", file=path, line=_line(base, keys), field=field, way_out="add it")
    message = str(problem["msg"]).removeprefix("Value error, ")
    value = None if isinstance(problem["input"], dict) else problem["input"]
    return ParamsError(
        message[0].lower() + message[1:], file=file, line=_line(mapping, keys), field=field, value=value,
    )


def _known_keys(keys: tuple[Any, ...]) -> list[str]:
    model: Any = Params
    for key in keys:  # a number is a place in a list
        model = get_args(model)[0] if isinstance(key, int) else model.model_fields[key].annotation
    return list(model.model_fields)
