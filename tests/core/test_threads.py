"""Threads: what the user set stays, a container's quota counts, machine.threads replaces both, and it is set in time."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from synthempathy.core import threads

ROOT = Path(__file__).parents[2]
NAMES = (*threads.BLAS, *threads.CORES, *threads.PATIENT)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of the variables is set, and nothing is remembered; both come back."""
    monkeypatch.setattr(threads, "_before", {})
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that monkeypatch restores what the test leaves
        monkeypatch.delenv(name)


def test_blas_gets_one_thread_and_the_others_the_cores_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "available_cores", lambda: 3)
    threads.set_threads()
    assert {os.environ[name] for name in threads.BLAS} == {"1"}
    assert {os.environ[name] for name in threads.CORES} == {"3"}
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"


def test_what_the_user_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "5")
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    threads.set_threads()
    assert [os.environ[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_WAIT_POLICY")] == ["7", "5", "ACTIVE"]


def test_machine_threads_replaces_the_cores_and_what_the_user_set_but_not_one_thread_of_blas(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limited: list[int] = []
    monkeypatch.setattr(threads, "_limit_loaded", limited.append)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    threads.set_threads()
    threads.set_threads(4)
    assert [os.environ[name] for name in ("OMP_NUM_THREADS", "LOKY_MAX_CPU_COUNT", "OPENBLAS_NUM_THREADS")] == ["4", "4", "1"]
    assert limited == [4]


def test_what_starts_processes_of_its_own_finds_the_users_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    threads.set_threads(4)
    with threads.environment_as_found():
        assert os.environ["OMP_NUM_THREADS"] == "7"
        assert not {"OPENBLAS_NUM_THREADS", "OMP_WAIT_POLICY"} & set(os.environ)
    assert [os.environ[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")] == ["4", "1"]


@pytest.mark.parametrize(
    ("files", "own", "quota"),
    [
        ({"cpu.max": "150000 100000"}, "0::/", 1.5),
        ({"cpu.max": "max 100000"}, "0::/", None),
        ({"job/cpu.max": "max 100000", "cpu.max": "200000 100000"}, "0::/job", 2.0),  # of a group above
        ({"job/cpu.max": "50000 100000", "cpu.max": "max 100000"}, "0::/job", 0.5),
        ({"cpu.max": "300000 100000"}, "0::/docker/abc", 3.0),  # a container that sees its own group as the root
        ({"cpu/cpu.cfs_quota_us": "250000", "cpu/cpu.cfs_period_us": "100000"}, "4:cpu,cpuacct:/\n0::/", 2.5),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, "4:cpu:/", None),
        ({"cpu/job/cpu.cfs_quota_us": "10000", "cpu/job/cpu.cfs_period_us": "100000"}, "4:memory:/job\n5:cpu:/", None),
        ({"cpu.max": "?"}, "0::/", None),
        ({}, "0::/", None),
    ],
)
def test_the_quota_of_a_control_group(tmp_path: Path, files: dict[str, str], own: str, quota: float | None) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    listing = tmp_path / "own"
    listing.write_text(own + "\n")
    assert threads.cpu_quota(tmp_path, listing) == quota


def test_a_quota_is_rounded_up_and_never_above_the_affinity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2, 3}, raising=False)
    (tmp_path / "own").write_text("0::/\n")
    for quota, cores in (("20000", 1), ("150000", 2), ("900000", 4), ("max", 4)):
        (tmp_path / "cpu.max").write_text(f"{quota} 100000\n")
        assert threads.available_cores(tmp_path, tmp_path / "own") == cores


@pytest.mark.parametrize("stage", sorted((ROOT / "stages").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_stage_imports_the_command_before_all_that_reads_the_threads(stage: Path) -> None:
    """numpy and torch read the environment when they are loaded; core.command sets it when it is loaded."""
    imports = [node for node in ast.parse(stage.read_text()).body if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = [node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in imports]
    outside = [module for module in modules if module and module.split(".")[0] not in sys.stdlib_module_names]
    assert not outside or next(module for module in outside if module != "pydantic") == "synthempathy.core.command"


def test_a_stage_runs_with_the_threads_that_its_params_name(tmp_path: Path) -> None:
    """In a process of its own, with libraries that were loaded before the params were read."""
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "p.yaml").write_text("machine: {threads: 1}\n")
    (tmp_path / "params.yaml").write_text("profile: p\nmachine: {threads: null}\n")
    (tmp_path / "show.py").write_text(
        "from pathlib import Path\n"
        "from synthempathy.core.command import run_stage\n"
        "import sklearn.cluster, torch\n"
        "from threadpoolctl import threadpool_info\n\n\n"
        "def show(out: Path, *, params: Path) -> None:\n"
        "    found = {f\"{one['user_api']} {one['num_threads']}\" for one in threadpool_info()}\n"
        "    out.write_text(f'{torch.get_num_threads()} {sorted(found)}')\n\n\n"
        "run_stage(show, {'out': ''}, doc='')\n"
    )
    environment = {name: value for name, value in os.environ.items() if name not in NAMES} | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "show.py", "out"], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "out").read_text() == "1 ['blas 1', 'openmp 1']"
