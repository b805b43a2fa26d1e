"""Parameters of language models: how an answer is drawn, what runs a model, and how fast.

`engine` holds what may change a text; `machine` holds what changes speed alone, so DVC tracks the one and not the other.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from synthempathy.core.params import Section

#: The parameters of a request beside model and messages, by the names of OpenAI and vLLM.
SENT = (
    "temperature", "top_p", "max_tokens", "seed", "top_k", "min_p", "repetition_penalty", "presence_penalty", "stop",
    "response_format", "chat_template_kwargs",
)
_BASE_URL = re.compile(r"https?://([\w.-]+|\[[\da-fA-F:.]+\])(:\d{1,5})?(/[\w./~-]*)?", re.ASCII)


class Sampling(Section):
    """How tokens are drawn. What is None (or no stop) is left to the backend, and no part of a text's key."""

    temperature: float = Field(ge=0, le=2)
    top_p: float = Field(gt=0, le=1)
    max_tokens: int = Field(ge=1, le=131_072)
    seed: int = Field(ge=0)
    top_k: int | None = Field(default=None, ge=1)  # the likeliest tokens that are drawn from, before top_p
    min_p: float | None = Field(default=None, gt=0, le=1)  # least share of the likeliest token's probability
    repetition_penalty: float | None = Field(default=None, ge=1, le=2)  # of tokens in the prompt or the answer; 1: none
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)  # of tokens in the answer; 0: none
    stop: list[Annotated[str, Field(min_length=1)]] = Field(default=[], max_length=4)  # texts that end an answer, and are cut

    def extras(self) -> dict[str, Any]:
        """Those of the optional parameters that are given, by name."""
        given = {name: getattr(self, name) for name in _OPTIONAL}
        return {name: value for name, value in given.items() if value not in (None, [])}


_OPTIONAL = ("top_k", "min_p", "repetition_penalty", "presence_penalty", "stop")


class VllmSettings(Section):
    """What vLLM makes of the weights, beside `dtype`."""

    quantization: str | None = None  # awq, gptq, fp8, ...; null reads it from the model's config
    max_model_len: int | None = Field(default=None, ge=16)  # tokens of prompt and answer; null: the model's own limit


class Server(Section):
    """Where an OpenAI-compatible server is, which environment variable holds its key, and how it wants its requests."""

    model_config = ConfigDict(hide_input_in_errors=True)

    base_url: str = "http://localhost:8000/v1"
    api_key_env: str = "OPENAI_API_KEY"
    leave_out: list[str] = Field(default=[])  # parameters that it refuses: [seed, top_p]
    rename: dict[str, str] = Field(default={})  # parameters that it calls otherwise: {max_tokens: max_completion_tokens}
    extra_body: dict[str, Any] = Field(default={})  # what it is sent besides: {reasoning_effort: low}
    headers_env: dict[str, str] = Field(default={})  # headers, each with the environment variable that holds its value
    fold_system: bool = False  # true: the system turn becomes the first paragraph of the user's

    @model_validator(mode="after")
    def _name_what_is_sent(self) -> Server:
        unknown = sorted({*self.leave_out, *self.rename} - set(SENT))
        if unknown:
            raise ValueError(f"leave_out and rename name what is sent: {', '.join(SENT)}; not {', '.join(unknown)}")
        taken = sorted({"model", "messages", "stream", "n"} & {*self.extra_body, *self.rename.values()})
        if taken:
            raise ValueError(f"extra_body and rename cannot set {', '.join(taken)}")
        return self

    @model_validator(mode="after")
    def _hold_no_secret(self) -> Server:
        """Checked here and not by field, so that an error does not show a key that was put in the wrong place."""
        if not _BASE_URL.fullmatch(self.base_url):
            raise ValueError("base_url must look like http://localhost:8000/v1, with no user, key or query in it")
        _ = urlsplit(self.base_url).port  # a ValueError of its own where there is no such port or address
        if not _is_variable(self.api_key_env):
            raise ValueError("api_key_env is the name of an environment variable in capitals, never the key itself")
        if not all(re.fullmatch(r"[A-Za-z][\w-]*", header, re.ASCII) and _is_variable(name)
                   for header, name in self.headers_env.items()):
            raise ValueError(
                "headers_env gives each header the name of an environment variable in capitals, never the value itself"
            )
        return self


def _is_variable(name: str) -> bool:
    return name.isascii() and name.isidentifier() and name.isupper()


BackendName = Literal["transformers", "vllm", "openai", "openai_batch"]
Dtype = Literal["float32", "bfloat16", "float16"]
#: Arguments of a chat template, by name (chat_template_kwargs).
TemplateArguments = dict[str, bool | int | float | str]


class Engine(Section):
    """What runs a model."""

    backend: BackendName
    dtype: Dtype = "float32"
    template: TemplateArguments = Field(default={})  # of the chat template: {enable_thinking: true}, {reasoning_effort: low}
    vllm: VllmSettings = VllmSettings()
    openai: Server = Server()


class EngineChange(Section):
    """What a step's or a model's own engine has other than the one above it. A word alone names the backend."""

    backend: BackendName | None = None
    dtype: Dtype | None = None
    template: TemplateArguments | None = None
    vllm: VllmSettings | None = None
    openai: Server | None = None

    def over(self, engine: Engine) -> Engine:
        """`engine` with what is given here in its place; of `vllm` and `openai`, key by key."""
        changes: dict[str, Any] = {}
        for name in self.model_fields_set:
            own = getattr(self, name)
            if isinstance(own, Section):
                own = getattr(engine, name).model_copy(update={key: getattr(own, key) for key in own.model_fields_set})
            if own is not None:
                changes[name] = own
        return engine.model_copy(update=changes)


def _as_change(value: Any) -> Any:
    return {"backend": value} if isinstance(value, str) else value


#: In params: null for the engine above, a backend's name, or a mapping of what differs.
OwnEngine = Annotated[EngineChange | None, BeforeValidator(_as_change)]


def engine_of(own: EngineChange | None, above: Engine) -> Engine:
    """The engine of a step or a model: its own, laid over the one above it."""
    return above if own is None else own.over(above)


class WeightedModel(Section):
    """One model of a mixture; it writes about weight / (sum of the weights) of the rows."""

    model: str = Field(min_length=1)
    revision: str | None = None
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    engine: OwnEngine = None


class VllmSpeed(Section):
    """How vLLM uses the machine."""

    tensor_parallel_size: int = Field(ge=1)  # GPUs that share one model
    gpu_memory_utilization: float = Field(gt=0, le=1)  # share of a GPU's memory for weights and cache
    enforce_eager: bool  # true starts sooner and writes slower: no CUDA graphs, no compiling
    max_num_seqs: int | None = Field(ge=1)  # rows written at once; null takes vLLM's default for the device


class ServerSpeed(Section):
    """How a server is asked. One request takes 1 + max_retries tries at most."""

    concurrency: int = Field(ge=1, le=1024)
    timeout_seconds: float = Field(gt=0, allow_inf_nan=False)
    max_retries: int = Field(ge=0, le=20)
    backoff_seconds: float = Field(ge=0, allow_inf_nan=False)
    backoff_cap_seconds: float = Field(ge=0, allow_inf_nan=False)
    max_answer_mb: float = Field(default=8.0, gt=0, le=1024)  # of an answer, unpacked: no more is read


class BatchSpeed(Section):
    """How a server's batch API is asked; single requests of it (up, created, polled) as `ServerSpeed` says."""

    poll_seconds: float = Field(default=60.0, gt=0, le=86_400)
    max_requests: int = Field(default=50_000, ge=1)  # of one file
    max_megabytes: float = Field(default=200.0, gt=0, le=10_000)  # of one file
    max_batches: int = Field(default=4, ge=1, le=1000)  # under way at once
    max_retries: int = Field(default=2, ge=0, le=20)  # of a row that expired, or failed for the server's reasons
    max_wait_hours: float | None = Field(default=None, gt=0, allow_inf_nan=False)  # of one run; null: until all is there
    max_download_megabytes: float = Field(default=2_000.0, gt=0, le=100_000)  # of one file of answers, unpacked
    completion_window: str = Field(default="24h", pattern=r"^\d{1,3}[hdm]$")  # by which the server ends a batch


class RaySettings(Section):
    """The workers that `executor: ray` spreads over a cluster."""

    address: str | None = Field(min_length=1)  # host:port of a running cluster; null starts one on this machine
    workers: int = Field(ge=1)
    cpus_per_worker: int = Field(ge=1)
    gpus_per_worker: int | None = Field(default=None, ge=0)  # null: what one engine takes


class Training(Section):
    """How fine-tuning uses the machine. Its weights change by rounding and by the draws of dropout alone."""

    checkpoints: str = Field(default=".synthempathy/checkpoints", min_length=1)
    save_steps: int = Field(default=50, ge=1)  # what a kill costs at most
    pairs_at_once: int | None = Field(default=None, ge=1)  # in a device's memory; null: its share of finetune.batch_size
    packing: bool = False  # pairs one after another in a row, without padding
    gradient_checkpointing: bool | None = None  # activations made twice, to spare memory; null: on a GPU
    attention: Literal["eager", "sdpa", "flash_attention_2", "flash_attention_3"] | None = None  # null: transformers chooses
    dvclive: str | None = Field(default=None, min_length=1)  # folder that DVCLive writes to, for those who watch


class Machine(Section):
    """How fast, never what: no stage's output depends on these, so DVC does not track them."""

    store: str
    batch_size: int = Field(ge=1)
    device: Literal["auto", "cpu", "cuda"]
    threads: int | None = Field(default=None, ge=1)  # of torch and OpenMP; null: core/threads.py counts
    vllm: VllmSpeed
    openai: ServerSpeed
    openai_batch: BatchSpeed = BatchSpeed()
    replicas: int | None = Field(default=None, ge=1)  # engines of one model on this machine; null: what its GPUs hold
    executor: Literal["local", "ray"]
    ray: RaySettings
    launch: int | str | None = None  # of fine-tuning: processes on this machine, or accelerate's config file
    training: Training = Training()

    @field_validator("launch")
    @classmethod
    def _positive(cls, value: int | str | None) -> int | str | None:
        if value == "" or (isinstance(value, int) and value < 1):
            raise ValueError("launch is null, a number of processes from 1, or the path of accelerate's config file")
        return value
