"""How many GPUs are at hand, how many an engine takes, and how many engines of one model they hold: counted here alone.

A cluster's GPUs are Ray's to count (backends/ray.py).
"""

from __future__ import annotations

import os

from synthempathy.core.errors import ModelError
from synthempathy.llm.backends import backend_of
from synthempathy.llm.params import Engine, Machine


def width(engine: Engine, machine: Machine) -> int:
    """GPUs that one engine takes."""
    return machine.vllm.tensor_parallel_size if engine.backend == "vllm" else 1


def visible_gpus(machine: Machine) -> list[str]:
    """The GPUs of this machine by the names that CUDA_VISIBLE_DEVICES gives them; none where machine.device is cpu."""
    if machine.device == "cpu":
        return []
    import torch

    count = torch.cuda.device_count()  # by NVML: it leaves CUDA itself to the workers
    named = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return named[:count] if named else [str(number) for number in range(count)]


def engines_wanted(engine: Engine, machine: Machine) -> int:
    """How many engines this machine runs of one model. ModelError where its GPUs cannot hold them.

    Where torch sees no GPU nothing is refused: vLLM's build for the CPU spreads an engine over processes, and replicas
    share the cores.
    """
    if not backend_of(engine).local_weights:
        return 1
    each = width(engine, machine)
    if each == 1 and machine.replicas == 1:
        return 1
    gpus = len(visible_gpus(machine))
    wanted = machine.replicas or max(1, gpus // each)
    if 0 < gpus < wanted * each:
        what = f"machine.replicas is {wanted}, each {each} GPU wide" if wanted > 1 else (
            f"machine.vllm.tensor_parallel_size is {each}")
        raise ModelError(
            f"{what}, but there are {gpus} GPU; lower it, or look at machine.vllm.tensor_parallel_size and CUDA_VISIBLE_DEVICES"
        )
    return wanted


def check_gpus(engine: Engine, machine: Machine) -> None:
    """Refuse what `engines_wanted` refuses, before anything is loaded; torch is not, where no count could be wrong."""
    certain = width(engine, machine) == 1 and machine.replicas in (None, 1)
    if machine.executor == "local" and not certain:
        engines_wanted(engine, machine)
