"""The vLLM backend: one or several GPUs, or a CPU, in process, with continuous batching and prefix caching.

vLLM sees token ids alone: prompts are put into tokens, and answers into text, by the same tokenizer and template as in
the transformers backend. Requests are fed as others finish, so that the batch stays full and memory small.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import weakref
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from synthempathy.core.errors import ModelError
from synthempathy.core.threads import environment_as_found
from synthempathy.llm.backends import Completion, FinishReason, Request, template_key
from synthempathy.llm.backends.stopping import cut_at, ends_at
from synthempathy.llm.backends.vllm_processes import Guard, end, guarded_start, watch
from synthempathy.llm.backends.vllm_startup import cpu_arguments, first_line, lora_rank, prepare
from synthempathy.llm.chat import decoded, prompt_ids
from synthempathy.llm.loading import Model, load_tokenizer
from synthempathy.llm.params import Engine, Machine, Sampling

#: Requests queued in vLLM, as a multiple of its batch: one batch is written, and the next stands ready however long the
#: stage takes over the completions it was just handed.
BATCHES_IN_FLIGHT = 2
#: JSON by a schema without white space, of which a small model writes no end.
COMPACT = {"backend": "xgrammar", "disable_any_whitespace": True}


class VllmBackend:
    """A causal language model in vLLM, whose scheduler runs in a process of its own.

    Every request draws with its own seed. Still, the last bits of the logits depend on what else is in the batch, so
    the same seed may, rarely, give another text in another run; VLLM_BATCH_INVARIANT=1 mends it on Hopper and later.

    Processes are spawned, so a script that uses it must start under ``if __name__ == "__main__":``. Close an engine
    before the next is opened: dropping it is not enough, because an exception that vLLM keeps from its own import holds
    the callers' frames, and so the engine and its GPU memory.
    """

    local_weights = adapters = schemas = True
    by_files = False

    def __init__(self, model: Model, engine: Engine, machine: Machine) -> None:
        self.name, self.dead, self.template = model.name, False, engine.template
        rank = None if model.adapter is None else lora_rank(model.adapter)
        on_cpu = prepare(machine)
        self.tokenizer = load_tokenizer(model.name, model.revision)

        from vllm.engine.arg_utils import EngineArgs
        from vllm.lora.request import LoRARequest
        from vllm.usage.usage_lib import UsageContext
        from vllm.v1.engine.llm_engine import LLMEngine

        try:
            arguments = EngineArgs(
                model=model.name, revision=model.revision, trust_remote_code=False, dtype=engine.dtype,
                enable_prefix_caching=True, disable_log_stats=True, use_tqdm_on_load=False,
                structured_outputs_config=COMPACT, **engine.vllm.model_dump(), **machine.vllm.model_dump(),
                **(cpu_arguments() if on_cpu else {}),
                **({"enable_lora": True, "max_lora_rank": rank} if rank else {}),
            )
            with environment_as_found(), guarded_start():  # vLLM divides the cores among its processes by rules of its own
                self._engine = LLMEngine.from_engine_args(arguments, usage_context=UsageContext.LLM_CLASS)
                guard = watch(self._engine.engine_core)
        except Exception as error:
            raise ModelError(f"vLLM cannot load {model.name}: {first_line(error)}") from None
        # At the end of the program it must run before multiprocessing waits for vLLM's processes, so it is registered
        # here, after that was imported.
        self._shut_down = weakref.finalize(self, _shut_down, self._engine.engine_core, guard)
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
                raise ModelError(f"vLLM cannot load {model.adapter}: {first_line(error)}") from None

    @staticmethod
    def key(engine: Engine) -> str:
        quantized = f"/{engine.vllm.quantization}" if engine.vllm.quantization else ""
        return f"vllm/{engine.dtype}{quantized}{template_key(engine)}"

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

        if self.dead:  # vLLM finds out a little later than we do, and would wait for a dead process till then
            raise ModelError(f"vLLM died, and with it {self.name}; open it anew")
        waiting = ((request, self._encoded(request, sampling)) for request in requests)  # as they are needed
        running: dict[str, Request] = {}
        try:
            while True:
                for request, prompt in itertools.islice(waiting, self.in_flight - len(running)):
                    running[self._add(request, prompt, sampling)] = request
                if not running:
                    return
                for output in self._engine.step():
                    if output.request_id in running and (output.finished or self._at_stop(output, sampling)):
                        yield self._completion(running.pop(output.request_id), output, sampling)
        except EngineDeadError:
            self.dead = True
            raise ModelError(
                f"vLLM died while it wrote {len(running)} rows of {self.name}; its own message, if any, stands above"
            ) from None
        finally:
            if running:  # the caller stopped early; a dead engine has nothing left to abort
                with contextlib.suppress(Exception):
                    self._engine.abort_request(list(running))

    def _encoded(self, request: Request, sampling: Sampling) -> array[int]:
        ids = array("i", prompt_ids(self.tokenizer, request.messages, self.template))  # 4 bytes a token: all are held at once
        if len(ids) + sampling.max_tokens > self.limit:
            raise ModelError(
                f"row {request.id}: a prompt of {len(ids)} tokens and max_tokens {sampling.max_tokens} exceed the "
                f"{self.limit} of {self.name}; shorten the prompt or lower max_tokens"
            )
        return ids

    def _add(self, request: Request, prompt: array[int], sampling: Sampling) -> str:
        from vllm import SamplingParams
        from vllm.inputs.engine import tokens_input
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

        end = self.tokenizer.eos_token_id  # vLLM adds those of the generation config
        number = str(next(self._numbers))
        extras = sampling.extras()
        stop = extras.pop("stop", None)
        if request.schema is not None:
            extras["structured_outputs"] = StructuredOutputsParams(json=dict(request.schema))
        wanted = SamplingParams(
            temperature=sampling.temperature, top_p=sampling.top_p, max_tokens=sampling.max_tokens, seed=request.seed,
            stop_token_ids=[] if end is None else [end], detokenize=False, **extras,
            output_kind=RequestOutputKind.CUMULATIVE if stop else RequestOutputKind.FINAL_ONLY,
        )
        try:
            self._engine.add_request(number, tokens_input(prompt.tolist()), wanted, lora_request=self._adapter)
        except ValueError as error:
            raise ModelError(f"row {request.id}: vLLM refuses it: {first_line(error)}") from None
        return number

    def _at_stop(self, output: Any, sampling: Sampling) -> bool:
        """Whether an answer under way has come to a stop text: vLLM, which sees no text, is then told to end it."""
        if not ends_at(self.tokenizer, output.outputs[0].token_ids, sampling.stop):
            return False
        self._engine.abort_request([output.request_id])
        return True

    def _completion(self, request: Request, output: Any, sampling: Sampling) -> Completion:
        answer = output.outputs[0]
        if answer.finish_reason not in ("stop", "length", None):
            raise ModelError(f"row {request.id}: vLLM ended it with '{answer.finish_reason}'")
        ids = list(answer.token_ids)
        text = cut_at(decoded(self.tokenizer, ids[:-1] if answer.finish_reason == "stop" else ids), sampling.stop)
        reason: FinishReason = answer.finish_reason or "stop"  # None: at a stop text
        return Completion(request.id, text, reason, len(output.prompt_token_ids), len(ids))


def _shut_down(core: Any, guard: Guard | None) -> None:
    if guard:
        guard.dismiss()
    end(core)


BACKEND = VllmBackend
