"""The command line of a stage: paths in the order of dvc.yaml, errors as one line.

Every stage and every verb imports this module first: it sets the threads that numpy and torch read when they are loaded.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, NoReturn

from pydantic import ConfigDict, Field

from synthempathy.core.errors import ParamsError, SynthempathyError
from synthempathy.core.harmless import harmless
from synthempathy.core.params import Section, read_mapping, read_params
from synthempathy.core.replacing import finish_interrupted
from synthempathy.core.threads import set_threads

set_threads()

_NAMED = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)*)\}")
_NO_MEMORY = "error: out of memory: free some, lower machine.batch_size, or take a smaller model; finished rows are kept"
_MEMORY_SIGNS = (
    "out of memory", "can't allocate memory", "cannot allocate memory", "failed to map segment", "not enough memory",
    "std::bad_alloc", "can't start new thread",
)
_ROWS_KEPT = "finished rows are kept; `dvc repro`, or the same command, resumes"
#: What is said to whoever stops the run.
_kept: Callable[[], str] = lambda: _ROWS_KEPT  # noqa: E731


class Parser(argparse.ArgumentParser):
    """As argparse's, but its errors are obeyed by no terminal: they quote the command line, so anyone's file names."""

    def error(self, message: str) -> NoReturn:
        super().error(harmless(message, lines=True))


class _Machine(Section):
    """What of params.yaml's machine section holds for every stage; the rest is for those that read it."""

    model_config = ConfigDict(extra="ignore")

    threads: int | None = Field(default=None, ge=1)


def run_stage(
    work: Callable[..., None], paths: Mapping[str, str], *, doc: str | None, optional: Sequence[str] = ()
) -> None:
    """Parse the paths, call `work(*paths, params=...)`, and end with one line on an error.

    `paths` maps each positional argument's name to its help, inputs then outputs. The last ones may be `optional`: left
    out, they are not written. A path may name parameters, as in `{seeds.path}`: see `from_params`. `--params` names the
    params file. Exit codes: 0 done, 1 an error named in one line, 2
    wrong usage, 130 Ctrl-C, 143 SIGTERM.
    """
    parser = Parser(
        prog=f"python -m {_module_name(work)}", description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name, text in paths.items():
        parser.add_argument(name, help=text, nargs="?" if name in optional else None)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="default: params.yaml")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as nowhere:  # what was left out is written here and forgotten
        guarded(lambda: work(*(
            from_params(getattr(given, name), given.params) if getattr(given, name) else Path(nowhere) / name for name in paths
        ), params=given.params), params=given.params)


def from_params(path: str, params: Path) -> Path:
    """`path` with each `{section.key}` in it replaced by that parameter, as the file itself holds it, without its profile.

    So dvc.yaml puts no parameter on a command line, where the shell would read it: a path may hold whatever paths hold.
    Braces that name no section stay as they are. ParamsError where the section has no such text.
    """
    def value(found: re.Match[str]) -> str:
        keys = found[1].split(".")
        if keys[0] not in values:
            return found[0]
        place: Any = values
        for key in keys:
            place = place.get(key) if isinstance(place, dict) else None
        if not isinstance(place, str):
            raise ParamsError("not a text, but a path on the command line is to be made of it", file=params, field=found[1])
        return place

    if not _NAMED.search(path):
        return Path(path)
    values = read_mapping(params)
    return Path(_NAMED.sub(value, path))


def guarded(work: Callable[[], None], *, params: Path | None = None) -> None:
    """Run `work`, with machine.threads of `params`.

    An error of ours becomes one line and exit code 1, a group of them a line each; Ctrl-C 130, SIGTERM 143.
    """
    signal.signal(signal.SIGTERM, _terminated)
    try:
        finish_interrupted()
        if params is not None:
            _obey_machine(params)
        work()
    except SynthempathyError as error:
        sys.exit(_one_line(f"error: {error}"))
    except ExceptionGroup as several:
        if several.subgroup(lambda error: not isinstance(error, ExceptionGroup | SynthempathyError)):
            raise
        sys.exit("\n".join(_one_line(f"error: {error}") for error in several.exceptions))
    except OSError as error:
        sys.exit(_one_line(f"error: {error.filename or 'a file'}: {error.strerror or error}"))
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        sys.exit(_NO_MEMORY)
    except KeyboardInterrupt:
        print(f"stopped by Ctrl-C: {_kept()}", file=sys.stderr)
        sys.exit(130)


def when_stopped(kept: Callable[[], str]) -> Callable[[], str]:
    """Say from now on, when the run is stopped, what `kept` gives then. Gives what was said before, to be put back."""
    global _kept
    before, _kept = _kept, kept
    return before


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the machine's memory, or a GPU's, ran out: libraries say so each in its own way."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(sign in text for sign in _MEMORY_SIGNS)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Before `guarded` begins, a stage imports its libraries, and memory may run out there too."""
    if is_out_of_memory(error):
        print(_NO_MEMORY, file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _uncaught


def _obey_machine(params: Path) -> None:
    file = read_params(params)
    if "machine" in file.values:
        set_threads(file.section("machine", _Machine).threads)


def _terminated(number: int, frame: FrameType | None) -> None:
    print(f"stopped by SIGTERM: {_kept()}", file=sys.stderr)
    sys.exit(143)


def _one_line(text: str) -> str:
    return harmless(" ".join(text.split()))


def _module_name(work: Callable[..., None]) -> str:
    if work.__module__ != "__main__":
        return work.__module__
    spec = sys.modules["__main__"].__spec__
    return spec.name if spec else Path(sys.argv[0]).stem
