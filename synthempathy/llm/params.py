"""Parameters of language models: how an answer is drawn, what runs a model, and how fast.

`engine` holds what may change a text; `machine` holds what changes speed alone, so DVC tracks the one and not the other.
"""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, field_validator, model_validator

from synthempathy.core.params import Section

_BASE_URL = re.compile(r"https?://([\w.-]+|\[[\da-fA-F:.]+\])(:\d{1,5})?(/[\w./~-]*)?", re.ASCII)


class Sampling(Section):
    """How tokens are drawn."""

    temperature: float = Field(ge=0, le=2)
    top_p: float = Field(gt=0, le=1)
    max_tokens: int = Field(ge=1, le=8192)
    seed: int = Field(ge=0)


class WeightedModel(Section):
    """One model of a mixture; it writes about weight / (sum of the weights) of the rows."""

    model: str = Field(min_length=1)
    revision: str | None = None
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)


class VllmSettings(Section):
    """What vLLM makes of the weights, beside `dtype`."""

    quantization: str | None = None  # awq, gptq, fp8, ...; null reads it from the model's config
    max_model_len: int | None = Field(default=None, ge=16)  # tokens of prompt and answer; null: the model's own limit


class Server(Section):
    """Where an OpenAI-compatible server is, and which environment variable holds its key."""

    model_config = ConfigDict(hide_input_in_errors=True)

    base_url: str = "http://localhost:8000/v1"
    api_key_env: str = "OPENAI_API_KEY"

    @model_validator(mode="after")
    def _hold_no_secret(self) -> Server:
        """Checked here and not by field, so that an error does not show a key that was put in the wrong place."""
        if not _BASE_URL.fullmatch(self.base_url):
            raise ValueError("base_url must look like http://localhost:8000/v1, with no user, key or query in it")
        _ = urlsplit(self.base_url).port  # a ValueError of its own where there is no such port or address
        name = self.api_key_env
        if not (name.isascii() and name.isidentifier() and name.isupper()):
            raise ValueError("api_key_env is the name of an environment variable in capitals, never the key itself")
        return self


class Engine(Section):
    """What runs a model."""

    backend: Literal["transformers", "vllm", "openai"]
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    vllm: VllmSettings = VllmSettings()
    openai: Server = Server()


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


class RaySettings(Section):
    """The workers that `executor: ray` spreads over a cluster."""

    address: str | None = Field(min_length=1)  # host:port of a running cluster; null starts one on this machine
    workers: int = Field(ge=1)
    cpus_per_worker: int = Field(ge=1)
    gpus_per_worker: int = Field(ge=0)
    rows_per_batch: int = Field(ge=1)  # a worker's unit of work, and what its death costs


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
