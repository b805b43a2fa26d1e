"""machine.launch: the same training in several processes, started by the stage itself.

A number starts that many on this machine, one a GPU, by torch's launcher, which accelerate's builds on. A path is a file that
`accelerate config` wrote: FSDP, DeepSpeed, several nodes (which need the project's folder in common). The processes that
they start run the same stage; one of them shows progress and writes.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any

from synthempathy.core.errors import InputError, ModelError, SynthempathyError

#: Set in the processes that were launched.
LAUNCHED = "SYNTHEMPATHY_LAUNCHED"
#: How long another process than the first holds its error back: the first's, if it has one, is here by then.
SECONDS_FOR_THE_FIRST = 15.0
_NOISE = re.compile(r"^\s|^Traceback|^$|^[EWI]\d{4} |Error: *$")


def launches(launch: int | str | None) -> bool:
    """Whether this process is the one that starts the others."""
    return launch is not None and LAUNCHED not in os.environ


def launch_stage(launch: int | str | None, stage: str, words: Sequence[object], device: str) -> None:
    """Run `python -m STAGE WORDS...` in all processes and wait. ModelError, or the exit of the stage, where one fails."""
    assert launch is not None
    command = ["-m", stage, *map(str, words)]
    if isinstance(launch, str) and not Path(launch).is_file():
        raise InputError("no such file", file=launch, hint="machine.launch is a number, or a file of `accelerate config`")
    os.environ[LAUNCHED] = "1"
    try:
        _processes(launch, command) if isinstance(launch, int) else _accelerated(launch, command, device)
    finally:
        del os.environ[LAUNCHED]


@contextmanager
def first_speaks() -> Iterator[None]:
    """For one process of several: its error waits for the first one's, which ends them all and is the one to be read."""
    try:
        yield
    except SynthempathyError:
        if int(os.environ.get("RANK", "0")) > 0:
            time.sleep(SECONDS_FOR_THE_FIRST)
        raise


def _processes(count: int, command: Sequence[str]) -> None:
    """torch's launcher, on this machine. What others than the first say is kept for when the first has said nothing."""
    from torch.distributed.run import get_args_parser, run

    with tempfile.TemporaryDirectory() as logs, _quiet():
        others = ",".join(f"{rank}:3" for rank in range(1, count))
        asked = ["--standalone", "--nproc-per-node", str(count), "--log-dir", logs, "--monitor-interval", "0.2"]
        asked += ["--redirects", others] if others else []
        try:
            run(get_args_parser().parse_args([*asked, *command]))
        except Exception as error:
            _end(error, Path(logs))


def _accelerated(config: str, command: Sequence[str], device: str) -> None:
    """accelerate's launcher, by its config file."""
    from accelerate.commands.launch import launch_command, launch_command_parser

    asked = ["--config_file", config, *(["--cpu"] if device == "cpu" else [])]
    with _quiet():
        try:
            launch_command(launch_command_parser().parse_args([*asked, *command]))
        except Exception as error:
            _end(error, None)


def _end(error: Exception, logs: Path | None) -> None:
    """End as the processes did: with the exit of one that named its error, or with what one of the others said last."""
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    if isinstance(error, SignalException):
        sys.exit(128 + int(error.sigval))
    if isinstance(error, subprocess.CalledProcessError):
        sys.exit(error.returncode)
    if not isinstance(error, ChildFailedError):
        raise error
    rank, first = min(error.failures.items(), key=lambda one: one[1].timestamp)
    if first.exitcode in (1, 143) and 0 in error.failures and error.failures[0].exitcode == first.exitcode:
        sys.exit(first.exitcode)  # it has said why
    raise ModelError(f"process {rank} of the training ended with exit code {first.exitcode}: {_last_words(logs, rank)}")


def _last_words(logs: Path | None, rank: int) -> str:
    """The last line that a process wrote on standard error."""
    files = sorted(logs.rglob(f"{rank}/stderr.log")) if logs else []
    lines = files[-1].read_text(encoding="utf-8", errors="replace").splitlines() if files else []
    return next((line.strip() for line in reversed(lines) if not _NOISE.search(line)), "it said nothing; is memory short?")


@contextmanager
def _quiet() -> Any:
    """Without the launcher's own log: ours says what happens."""
    names = ("torch.distributed.elastic", "torch.distributed.run", "torch.distributed")
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
            yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
