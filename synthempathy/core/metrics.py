"""Reading metrics files: each figure checked, a missing or mistyped one named in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from synthempathy.core.errors import InputError
from synthempathy.core.files import read_text

AGAIN = "run the stage that writes this file again"


class Metrics(BaseModel):
    """The figures of a metrics file that a reader uses; the others are ignored."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, allow_inf_nan=False)


M = TypeVar("M", bound=BaseModel)


def read_metrics(path: Path, kind: type[M]) -> M:
    """The figures of a JSON file. InputError names the file, the figure and its value."""
    if not path.is_file():
        raise InputError("no such file", file=path, hint="run `dvc repro`, or check the path")
    try:
        value: Any = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", file=path, line=error.lineno, hint=AGAIN) from None
    except (ValueError, RecursionError):  # Python's bounds on the digits of a number and on nesting
        raise InputError("a number too long, or nested too deep", file=path, hint=AGAIN) from None
    if not isinstance(value, dict):
        raise InputError("not a JSON object", file=path, value=value, hint=AGAIN)
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"]))
        if problem["type"] == "missing":
            raise InputError("missing", file=path, field=field, hint=AGAIN) from None
        message = str(problem["msg"])
        raise InputError(message[0].lower() + message[1:], file=path, field=field, value=problem["input"]) from None
