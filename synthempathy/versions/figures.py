"""Parameters and metrics that are not the same in two versions."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthempathy.core.errors import InputError
from synthempathy.core.params import read_params
from synthempathy.versions.version import Version

PARAMS, PROFILES, METRICS = Path("params.yaml"), Path("profiles"), Path("metrics")
#: What changes from run to run, and what would drown the rest (`dvc metrics diff` has them all).
OTHERS_OWN, DETAILS = "cost.json", ("by_category", "by_severity")
_LOW, _HIGH = "ci_low", "ci_high"


@dataclass(frozen=True)
class Change:
    """A value by its dotted key, as text in A and in B ("" where it is not there), and B - A of two numbers."""

    key: str
    first: str
    second: str
    difference: str = ""


def changed_params(a: Version, b: Version) -> list[Change]:
    """Parameters in force, profile included, that differ. InputError for a version whose params.yaml cannot be read."""
    return [
        Change(key, "" if old is None else json.dumps(old, ensure_ascii=False),
               "" if new is None else json.dumps(new, ensure_ascii=False))
        for key, old, new in _differing(_params(a), _params(b))
    ]


def changed_metrics(a: Version, b: Version) -> dict[str, list[Change]]:
    """Metrics that differ, by file, with their 95% intervals where they have one."""
    names = sorted({path for one in (a, b) for path in one.files(METRICS, ".json") if path.name != OTHERS_OWN})
    found: dict[str, list[Change]] = {}
    for path in names:
        first, second = _metrics(a, path), _metrics(b, path)
        intervals = _interval_keys(first) | _interval_keys(second)
        ends = {key for pair in intervals.values() for key in pair}
        changes = []
        for key in dict.fromkeys([*first, *second]):
            mine = (key, *intervals.get(key, ()))
            if key in ends or all(first.get(one) == second.get(one) for one in mine):
                continue
            old, new = first.get(key), second.get(key)
            both = isinstance(old, int | float) and isinstance(new, int | float)
            changes.append(Change(
                key, _figure(first, mine), _figure(second, mine), _signed(new - old) if both else "",  # type: ignore[operator]
            ))
        if changes:
            found[path.as_posix()] = changes
    return found


def _params(version: Version) -> dict[str, Any]:
    """A version's parameters by dotted key."""
    with tempfile.TemporaryDirectory() as folder:  # the reader follows `profile` to the file beside it
        for path in (PARAMS, *version.files(PROFILES, ".yaml")):
            text = version.text(path)
            if text is not None:
                target = Path(folder) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
        try:
            return dict(_flat(read_params(Path(folder) / PARAMS).values))
        except InputError as error:
            raise InputError(error.problem, file=f"{version.name}:{PARAMS}", line=error.line, field=error.field) from None


def _metrics(version: Version, path: Path) -> dict[str, Any]:
    try:
        values = json.loads(version.text(path) or "{}")
    except ValueError:
        return {}
    return dict(_flat(values)) if isinstance(values, dict) else {}


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            if key not in DETAILS:
                yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for key in dict.fromkeys([*first, *second]):
        if first.get(key) != second.get(key):
            yield key, first.get(key), second.get(key)


def _interval_keys(values: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The ends of each figure's interval: those of gain_ci_low and gain_ci_high, or ci_low and ci_high, beside it."""
    found = {}
    for low in values:
        high = low.removesuffix(_LOW) + _HIGH
        if low.endswith(_LOW) and high in values:
            start = low.removesuffix(_LOW)
            of = next((key for key in (f"{start}percent", f"{start}gain_percent", f"{start}mean") if key in values), None)
            if of:
                found[of] = low, high
    return found


def _figure(values: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    value, *ends = (values.get(key) for key in keys)
    text = _number(value)
    return f"{text} ({' to '.join(map(_number, ends))})" if text and any(end is not None for end in ends) else text


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def _signed(value: float) -> str:
    return f"+{_number(value)}" if value > 0 else _number(value)
