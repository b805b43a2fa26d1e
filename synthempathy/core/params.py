"""params.yaml and the profile laid over it, checked: unknown keys and values out of range are refused.

One pydantic model a section, in the `params.py` of the subject that it belongs to. A stage reads the sections that it
uses and no others, as dvc.yaml lists them:

    own = read_params(path).section("split", Split)
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.parser import Parser
from ruamel.yaml.scanner import Scanner

from synthempathy.core.errors import ParamsError
from synthempathy.core.files import is_file, read_text

#: Of a file that people edit. The largest of this project has a tenth of it.
MOST_CHARACTERS, MOST_VALUES, MOST_DEPTH = 2_000_000, 200_000, 40
Keys = tuple[str | int, ...]


class Section(BaseModel):
    """A section of params.yaml: typed, no unknown keys, never changed after reading."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


M = TypeVar("M", bound=BaseModel)


class ParamsFile:
    """A YAML file and, laid over it, the file of a profile.

    Attributes:
        path, overlay_path: where they stand; `overlay_path` is None without a profile.
        values: both merged, in plain Python types.
        wanted: what the profile wants set in `path` itself, by dotted key: dvc.yaml names files by it (its part `set`).
    """

    def __init__(self, path: Path, base: Any, overlay_path: Path | None = None, overlay: Any = None) -> None:
        self.path, self.base, self.overlay_path, self.overlay = path, base, overlay_path, overlay or {}
        self.wanted: dict[str, Any] = plain(self.overlay.pop("set", None) or {})
        self.values: dict[str, Any] = _merged(base, self.overlay)

    @property
    def prompts(self) -> Path:
        """The folder of the prompts, relative to the file."""
        return self.path.parent / str(self.values.get("prompts", "prompts"))

    def section(self, name: str, model: type[M]) -> M:
        """One section, checked. ParamsError names file, line, key and value of the first mistake in it."""
        if name not in self.values:
            raise ParamsError("missing", file=self.path, field=name, hint="add it")
        return self._validated(model, self.values[name], (name,))

    def whole(self, model: type[M]) -> M:
        """The whole file, checked."""
        return self._validated(model, self.values, ())

    def check_wanted(self) -> None:
        """ParamsError where the file has another value than its profile wants there."""
        for dotted, value in self.wanted.items():
            if (found := value_at(self.values, dotted)) != value:
                name = self.overlay_path.stem if self.overlay_path else ""
                raise ParamsError(
                    f"the profile {name} wants {value}", file=self.path, line=_line(self.base, tuple(dotted.split("."))),
                    field=dotted, value=found, hint=f"run `make repro PROFILE={name}`, or set it",
                )

    def profile_sets(self, dotted: str) -> ParamsError | None:
        """The error of a profile that sets `dotted`, a key that only the file under it may set; None if it does not."""
        keys = tuple(dotted.split("."))
        if self.overlay_path is None or not _holds(self.overlay, keys):
            return None
        return ParamsError(
            "a profile may not set it, because dvc.yaml names a file by it", file=self.overlay_path,
            line=_line(self.overlay, keys), field=dotted, hint=f"set it in {self.path}",
        )

    def _validated(self, model: type[M], value: Any, prefix: Keys) -> M:
        try:
            return model.model_validate(value)
        except ValidationError as error:
            raise self._named(error, model, prefix) from None

    def _named(self, error: ValidationError, model: type[BaseModel], prefix: Keys) -> ParamsError:
        problems = error.errors()  # a misspelt key is also a missing one: say the former
        problem = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
        keys = (*prefix, *problem["loc"])
        field = ".".join(map(str, keys)) or None
        in_profile = self.overlay_path is not None and _holds(self.overlay, keys)
        file, mapping = (self.overlay_path, self.overlay) if in_profile else (self.path, self.base)
        if problem["type"] == "extra_forbidden":
            known = _known_keys(model, problem["loc"][:-1])
            near = difflib.get_close_matches(str(keys[-1]), known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(known)}"
            return ParamsError("unknown key", file=file, line=_line(mapping, keys), field=field, hint=hint)
        if problem["type"] == "missing":
            return ParamsError("missing", file=self.path, line=_line(self.base, keys), field=field, hint="add it")
        message = str(problem["msg"]).removeprefix("Value error, ")
        value = None if isinstance(problem["input"], dict) else problem["input"]
        return ParamsError(
            message[0].lower() + message[1:], file=file, line=_line(mapping, keys), field=field, value=value,
        )


def read_params(path: Path, *, profile: str | None = None) -> ParamsFile:
    """Read `path` and `profiles/<profile>.yaml` beside it; `profile` overrides the one that `path` names.

    ParamsError names the file and line of what is not YAML, and a profile that is not there.
    """
    base = read_mapping(path)
    profile = profile or base.get("profile")
    if not isinstance(profile, str):
        raise ParamsError("missing", file=path, field="profile", hint="set profile: embedded")
    overlay_path = path.parent / "profiles" / f"{profile}.yaml"
    if not is_file(overlay_path):
        there = ", ".join(sorted(p.stem for p in overlay_path.parent.glob("*.yaml"))) or "none"
        raise ParamsError("no such profile", file=path, field="profile", value=profile, hint=f"there are: {there}")
    return ParamsFile(path, base, overlay_path, read_mapping(overlay_path))


def read_mapping(path: Path) -> Any:
    """A YAML 1.2 mapping that remembers its lines. ParamsError names file and line of what is not YAML."""
    text = read_text(path)
    if len(text) > MOST_CHARACTERS:
        raise ParamsError(f"more than {MOST_CHARACTERS:,} characters", file=path)
    yaml = YAML(typ="rt")
    yaml.Scanner, yaml.Parser = Scanner, Parser  # those that keep no comments: the others end in an error where two meet
    yaml.composer.warn_double_anchors = False  # YAML allows a second anchor of a name, and the later one counts
    try:
        value = yaml.load(text)
        measure(value)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else None
        raise ParamsError(f"not YAML: {error.problem}", file=path, line=line) from None
    except YAMLError as error:  # a control character
        raise ParamsError(f"not YAML: {' '.join(str(error).split())}", file=path) from None
    except (AttributeError, LookupError, TypeError, AssertionError):  # the library's, of `!!set` before a word and the like
        raise ParamsError("not YAML: a tag (!!...) that does not fit its value", file=path, hint="take the tag out") from None
    except (ValueError, OverflowError, RecursionError) as error:
        problem = str(error) if isinstance(error, _TooMuch) else "a number too long, or nested too deep"
        raise ParamsError(problem, file=path) from None
    if not isinstance(value, dict):
        raise ParamsError("not a mapping of sections", file=path, line=1)
    return value


def measure(value: Any) -> None:
    """Refuse what is small in the file and large once it is read, or can be written nowhere."""
    left, waiting = MOST_VALUES, [(value, 0)]
    while waiting:
        one, deep = waiting.pop()
        left -= 1
        if left < 0:
            raise _TooMuch(f"more than {MOST_VALUES:,} values; an alias counts each time")
        if deep > MOST_DEPTH:
            raise _TooMuch(f"nested more than {MOST_DEPTH} deep")
        if isinstance(one, str) and _NOT_WRITTEN.search(one):
            raise _TooMuch(f"a control character, or half a surrogate pair, in {one[:40]!a}")
        if isinstance(one, dict):
            waiting += ((part, deep + 1) for pair in one.items() for part in pair)
        elif isinstance(one, list):
            waiting += ((part, deep + 1) for part in one)


#: Control characters but line breaks and tabs, and halves of surrogate pairs.
_NOT_WRITTEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class _TooMuch(ValueError):
    """More than a file that people edit ever holds."""


def plain(value: Any) -> Any:
    """A value without ruamel's own types, which pydantic's strict mode would refuse."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, bool) or value is None:
        return value
    return next((kind(value) for kind in (int, float, str) if isinstance(value, kind)), value)


def _merged(base: Any, overlay: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(overlay, dict):
        return plain(overlay)
    keys = [*base, *(key for key in overlay if key not in base)]
    return {
        str(key): _merged(base[key], overlay[key]) if key in base and key in overlay
        else plain(overlay.get(key, base.get(key)))
        for key in keys
    }


def value_at(values: Any, dotted: str) -> Any:
    """What stands under a dotted key; None where nothing does."""
    for key in dotted.split("."):
        values = values.get(key) if isinstance(values, dict) else None
    return values


def _holds(mapping: Any, keys: Keys) -> bool:
    for key in keys:
        if not isinstance(mapping, dict) or key not in mapping:
            return False
        mapping = mapping[key]
    return True


def _line(mapping: Any, keys: Keys) -> int | None:
    """The line where the last of `keys` stands, or the nearest key above it."""
    line: int | None = None
    for key in keys:
        if not isinstance(mapping, dict) or key not in mapping:
            break
        line = line_of(mapping, key) or line
        mapping = mapping[key]
    return line


def line_of(mapping: Any, key: Any) -> int | None:
    """The line where a key of ruamel's mapping stands; None where it came by a merge (`<<`): that has no line of its own."""
    try:
        return int(mapping.lc.key(key)[0]) + 1
    except (AttributeError, LookupError, TypeError):
        return None


def _known_keys(model: Any, keys: Keys) -> list[str]:
    for key in keys:
        if key not in model.model_fields:  # a place in a list, or a name in a mapping
            continue
        annotation = model.model_fields[key].annotation
        inner = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if not inner:
            return []
        model = inner[0]
    return list(model.model_fields)
