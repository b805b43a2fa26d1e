"""vLLM's own processes: noticed when they die, and ended when we do."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import active_children
from multiprocessing.connection import wait
from queue import Queue
from threading import Event, Thread
from typing import Any

#: How long a thread of vLLM's may take to end.
SECONDS_TO_END = 10.0
#: How soon a process is guarded that vLLM starts.
SECONDS_BETWEEN_LOOKS = 0.1
#: Takes more processes, one a line, until standard input closes, which it does when we die, however that happens; then kills.
_KILL_AT_END_OF_INPUT = 'while read -r one; do set -- "$@" "$one"; done; kill -9 "$@"'


class Guard:
    """Kills processes when this one dies, by kill -9 for one; until `dismiss`.

    A scheduler of vLLM 0.32 whose client is gone waits for the next request for ever, and holds the GPU's memory.
    """

    def __init__(self, pids: list[int]) -> None:
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", _KILL_AT_END_OF_INPUT, "guard", *map(str, pids)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is ours alone
        )

    def add(self, pid: int) -> None:
        """Guard this one too."""
        if self._shell.stdin:
            with suppress(OSError):  # the shell was killed: then nobody guards, and all goes on
                self._shell.stdin.write(f"{pid}\n".encode())
                self._shell.stdin.flush()

    def dismiss(self) -> None:
        """Before the processes are ended in another way: their numbers may be given to others."""
        self._shell.kill()
        self._shell.wait()
        if self._shell.stdin:
            with suppress(OSError):
                self._shell.stdin.close()


@contextmanager
def guarded_start() -> Iterator[None]:
    """Guard what is started within, while it starts: an engine takes a minute to load, and would outlive us for ever."""
    known, over, guard = {child.pid for child in active_children()}, Event(), Guard([])

    def look() -> None:
        while not over.wait(SECONDS_BETWEEN_LOOKS):
            for pid in {child.pid for child in active_children()} - known:
                known.add(pid)
                if pid:
                    guard.add(pid)

    looking = Thread(target=look, daemon=True, name="vllm-start")
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()
        guard.dismiss()


def watch(core: Any) -> Guard | None:
    """Guard the processes of an LLMEngine's `engine_core`, and have `step` raise EngineDeadError when one is killed.

    vLLM 0.32 tells of an error in that process, but where there is none to tell (the system was out of memory), it
    waits for the next token for ever. None where the engine has no process (VLLM_ENABLE_V1_MULTIPROCESSING=0).
    """
    from vllm.v1.engine.core_client import SyncMPClient
    from vllm.v1.engine.exceptions import EngineDeadError

    if not isinstance(core, SyncMPClient):
        return None
    manager, outputs = core.resources.engine_manager, core.outputs_queue
    guard = Guard([process.pid for process in manager.processes])

    def notice(sentinels: list[int], outputs: Queue[Any]) -> None:
        wait(sentinels)
        guard.dismiss()
        outputs.put(EngineDeadError())

    Thread(target=notice, args=(manager.sentinels(), outputs), daemon=True, name="vllm-watch").start()
    return guard


def end(core: Any) -> None:
    """Shut an LLMEngine's `engine_core` down, whole.

    vLLM 0.32 leaves the threads and open files of its sockets to the garbage collector, which may never come by.
    """
    core.shutdown()
    reader = getattr(core, "output_queue_thread", None)  # None where the engine has no process
    if reader is not None:
        reader.join(SECONDS_TO_END)  # it closes a socket of its own
        if not reader.is_alive():
            core.ctx.destroy(linger=0)
