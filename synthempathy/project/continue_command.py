"""Go on from what another machine made: run every stage that changed and whose models are here, and no other.

    git clone ..., dvc pull dvc.yaml, edit params.yaml or a prompt, synthempathy continue

`dvc repro` begins with `check`, which refuses a model that is not there. This leaves `check` to the machine with the models,
links those that are here, and asks DVC for the rest, stage by stage (`dvc repro --single-item`). A stage that would have to run
and cannot is named, and so is what waits for it. Commit dvc.lock, `dvc push dvc.yaml`, and the other machine's `dvc repro` does
those.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path

from synthempathy.core.errors import InputError, run_all
from synthempathy.core.files import written_whole
from synthempathy.core.progress import say
from synthempathy.core.replacing import remove
from synthempathy.filters.decisions import read_decisions
from synthempathy.llm.loading import link_models
from synthempathy.project.docs import read_stages, written_files
from synthempathy.project.params import Params
from synthempathy.project.staleness import NAMED, Stale, stale_stages

#: It writes the links to models, which are made here, and a file that never changes.
CHECK = "check"


@dataclass(frozen=True)
class Task:
    """A stage: whose outputs it reads, which folders of models/named, which files, and what it writes."""

    parents: frozenset[str]
    models: frozenset[str]
    reads: frozenset[str]
    writes: frozenset[str]


@dataclass
class Plan:
    """What is run, in order; and what would have to run and is not, each with the reason."""

    runs: list[str] = field(default_factory=list)
    waits: dict[str, str] = field(default_factory=dict)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `synthempathy continue`."""
    parser.add_argument("--show", action="store_true", help="say what would run and what would wait, and run nothing")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="default: %(default)s")


def run(given: argparse.Namespace) -> None:
    """Run what can be run; exits with DVC's code where a stage fails."""
    from synthempathy.project import inputs  # scikit-learn comes with it

    params = inputs.checked_params(given.params)
    run_all([*inputs.prompt_checks(params, Path(params.prompts)), lambda: read_decisions(Path("data/review/decisions.csv"))])
    from synthempathy.project.here import models_not_here

    absent = models_not_here(params)
    link_present(params, absent, Path(NAMED))
    tasks = tasks_of(Path("dvc.yaml"))
    ran: list[str] = []
    while True:  # a stage that ran and wrote the same as before lets go of what waited for it
        stale = stale_stages()
        plan = planned(tasks, stale, absent)
        plan.runs = [stage for stage in plan.runs if stage not in ran]
        if not plan.runs or given.show:
            break
        _check_pulled(plan.runs, tasks, stale)
        if code := subprocess.run(["dvc", "repro", "--single-item", *plan.runs], check=False).returncode:
            sys.exit(code)
        ran += plan.runs
    _report(plan.runs if given.show else ran, plan.waits, stale, shown=given.show)


def tasks_of(dvc_yaml: Path) -> dict[str, Task]:
    """The stages without `check`, each after those that it reads from."""
    stages = read_stages(dvc_yaml)
    writer = {path: name for name, stage in stages.items() if name != CHECK for path in written_files(stage)}
    tasks = {
        name: Task(
            frozenset(writer[dep] for dep in stage.get("deps", []) if dep in writer),
            frozenset(dep.removeprefix(NAMED) for dep in stage.get("deps", []) if dep.startswith(NAMED)),
            frozenset(stage.get("deps", [])), frozenset(written_files(stage)),
        )
        for name, stage in stages.items() if name != CHECK
    }
    order = TopologicalSorter({name: task.parents for name, task in tasks.items()}).static_order()
    return {name: tasks[name] for name in order}


def planned(tasks: Mapping[str, Task], stale: Mapping[str, Stale], absent: Mapping[str, str]) -> Plan:
    """What follows from what changed; `absent` says why a folder of models/named cannot be filled here."""
    plan = Plan()
    for name, task in tasks.items():
        moved = {parent for parent in task.parents if parent in plan.runs or parent in plan.waits}
        if not moved and not (name in stale and stale[name].changed):
            continue
        lacking = sorted(absent[model] for model in task.models if model in absent)
        waited_for = sorted(parent for parent in task.parents if parent in plan.waits)
        if lacking:
            plan.waits[name] = "; ".join(lacking)
        elif waited_for:
            plan.waits[name] = f"it follows {' and '.join(waited_for)}"
        else:
            plan.runs.append(name)
    return plan


def link_present(params: Params, absent: Mapping[str, str], named: Path) -> None:
    """Make the links to models anew, as `check` does; where a model is not here there is no folder, and no broken link."""
    from synthempathy.project import inputs

    for stage, models in inputs.model_folders(params).items():
        if stage in absent:
            remove(named / stage)
            continue
        with written_whole(named / stage) as (part,):
            link_models(part, models)


def _check_pulled(runs: list[str], tasks: Mapping[str, Task], stale: Mapping[str, Stale]) -> None:
    """InputError where a stage that is to run reads what is in the remote alone."""
    made = {path for stage in runs for path in tasks[stage].writes}
    for stage in runs:
        missing = stale[stage].missing if stage in stale else ()
        if lost := [path for path in missing if path in tasks[stage].reads and path not in made]:
            raise InputError(f"not here, and the stage {stage} reads it", file=lost[0], hint="run `dvc pull dvc.yaml`")


def _report(runs: list[str], waits: Mapping[str, str], stale: Mapping[str, Stale], *, shown: bool) -> None:
    say(f"continue: {'would run' if shown else 'ran'}: {', '.join(runs) or 'nothing'}")
    for stage, why in waits.items():
        say(f"continue: not asked for: {stage}, since {why}")
    away = sorted({path for one in stale.values() for path in one.missing})
    if away:
        say(f"continue: not here: {', '.join(away)}; `dvc pull dvc.yaml` fetches what was pushed")
    if waits and not shown:
        say("continue: commit dvc.lock and metrics, `dvc push dvc.yaml`, and run `dvc repro` where the models are")
