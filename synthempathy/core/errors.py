"""The errors a user can meet, each one line that names the place and the way out.

    SynthempathyError
      InputError          a file that the user gave is wrong: file, line, field, value
        ParamsError       ... and the file is params.yaml or a profile
        PromptError       ... and the file is a prompt template
      ModelError          a model cannot be loaded or used
      ConservationError   a stage lost or made a row: a defect of ours, never of the data
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

#: Reads or asks something, and raises where it is wrong.
Check = Callable[[], object]


class SynthempathyError(Exception):
    """Base of all errors that end a stage with one line and exit code 1."""


class InputError(SynthempathyError):
    """A file given by the user is wrong.

    Renders as ``file:line: field 'x': problem (got 'value'); way out``, each part only where known.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        field: str | None = None,
        value: object = None,
        hint: str | None = None,
    ) -> None:
        self.problem, self.file, self.line = problem, file, line
        self.field, self.value, self.hint = field, value, hint
        place = "" if file is None else f"{file}:{line}: " if line is not None else f"{file}: "
        named = f"field '{field}': " if field else ""
        got = "" if value is None else f" (got {short(value)})"
        out = f"; {hint}" if hint else ""
        super().__init__(f"{place}{named}{problem}{got}{out}")


class ParamsError(InputError):
    """params.yaml or a profile is wrong: unknown key, value out of range, not YAML."""


class PromptError(InputError):
    """A prompt template is missing, has no system or user part, or names an unknown variable."""


class ModelError(SynthempathyError):
    """A model cannot be loaded, or a prompt does not fit into it."""


class ConservationError(SynthempathyError):
    """rows_in != rows_out + dropped. Always a defect of the stage."""


def short(value: object, limit: int = 80) -> str:
    """`value` as Python would show it, on one line of at most `limit` characters."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 4] + "...'"


def run_all(checks: Iterable[Check]) -> None:
    """Run every check; raise what they raised, each message once: one error as it is, several as an ExceptionGroup."""
    found: dict[str, SynthempathyError] = {}
    for check in checks:
        try:
            check()
        except SynthempathyError as error:
            found.setdefault(str(error), error)
    if len(found) == 1:
        raise next(iter(found.values()))
    if found:
        raise ExceptionGroup("inputs", list(found.values()))
