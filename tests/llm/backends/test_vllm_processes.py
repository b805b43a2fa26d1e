"""The guard of vLLM's processes, with `sleep` in their place: they do not outlive us, even if we are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from synthempathy.llm.backends.vllm_processes import Guard

PROGRAM = """
import subprocess, sys, time
from synthempathy.llm.backends.vllm_processes import Guard

guarded, free = (subprocess.Popen(["sleep", "600"], start_new_session=True) for _ in range(2))
guard = Guard([guarded.pid])
print(guarded.pid, free.pid, flush=True)
time.sleep(600)
"""


STARTING = """
import multiprocessing, time
from synthempathy.llm.backends.vllm_processes import guarded_start

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")  # as vLLM does: what is forked would hold the guard open
    free = context.Process(target=time.sleep, args=(600,))
    free.start()
    with guarded_start():
        starting = context.Process(target=time.sleep, args=(600,))
        starting.start()
        time.sleep(3)  # for longer than it takes to be seen
        print(starting.pid, free.pid, flush=True)
        time.sleep(600)
"""


@pytest.fixture
def sleeper():
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize(("program", "how"), [
    (PROGRAM, signal.SIGKILL), (PROGRAM, signal.SIGTERM), (PROGRAM, signal.SIGINT), (STARTING, signal.SIGKILL),
])
def test_guarded_processes_die_with_us_and_no_others(program, how):
    root = Path(__file__).parents[3]
    us = subprocess.Popen(
        [sys.executable, "-c", program], cwd=root, env=os.environ | {"PYTHONPATH": str(root)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
    )
    guarded, free = (psutil.Process(int(pid)) for pid in us.stdout.readline().split())
    shell = next(child for child in psutil.Process(us.pid).children() if child.name() == "sh")
    try:
        os.kill(us.pid, how) if program is STARTING else os.killpg(us.pid, how)  # all at once, as Ctrl-C does
        us.wait(60)
        assert not psutil.wait_procs([guarded, shell], timeout=60)[1]
        assert free.is_running()
    finally:
        us.stdout.close()
        free.kill()


def test_a_dismissed_guard_kills_nothing(sleeper):
    guard = Guard([sleeper.pid])
    guard.dismiss()
    guard.dismiss()
    assert sleeper.poll() is None
