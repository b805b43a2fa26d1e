"""The sections of params.yaml, one pydantic model each: typed, with limits, unknown keys refused.

dvc.yaml names the same sections as each stage's `params`. `stages.common.params` reads them.
"""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

_BASE_URL = re.compile(r"https?://([\w.-]+|\[[\da-fA-F:.]+\])(:\d{1,5})?(/[\w./~-]*)?", re.ASCII)


class Section(BaseModel):
    """A section of params.yaml: typed, no unknown keys, never changed after reading."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Seeds(Section):
    path: str = Field(min_length=1)
    limit: int | None = Field(ge=1)
    seed: int = Field(ge=0)


class VllmSettings(Section):
    """vLLM's own settings; the weights' dtype is `engine.dtype`, as for every backend."""

    tensor_parallel_size: int = Field(ge=1)  # GPUs that share one model
    quantization: str | None  # awq, gptq, fp8, ...; null reads it from the model's config
    gpu_memory_utilization: float = Field(gt=0, le=1)  # share of a GPU's memory for weights and cache
    max_model_len: int | None = Field(ge=16)  # tokens of prompt and answer; null takes the model's own limit
    enforce_eager: bool  # true starts sooner and writes slower: no CUDA graphs, no compiling
    max_num_seqs: int | None = Field(ge=1)  # rows written at once; null takes vLLM's default for the device


class OpenaiSettings(Section):
    """Where the server is and how it is asked. One request takes 1 + max_retries tries at most."""

    model_config = ConfigDict(hide_input_in_errors=True)

    base_url: str
    api_key_env: str = "OPENAI_API_KEY"
    concurrency: int = Field(ge=1, le=1024)
    timeout_seconds: float = Field(gt=0, allow_inf_nan=False)
    max_retries: int = Field(ge=0, le=20)
    backoff_seconds: float = Field(ge=0, allow_inf_nan=False)
    backoff_cap_seconds: float = Field(ge=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _hold_no_secret(self) -> OpenaiSettings:
        """Checked here and not by field, so that an error does not show a key that was put in the wrong place."""
        if not _BASE_URL.fullmatch(self.base_url):
            raise ValueError("base_url must look like http://localhost:8000/v1, with no user, key or query in it")
        _ = urlsplit(self.base_url).port  # a ValueError of its own where there is no such port or address
        name = self.api_key_env
        if not (name.isascii() and name.isidentifier() and name.isupper()):
            raise ValueError("api_key_env is the name of an environment variable in capitals, never the key itself")
        return self


class Engine(Section):
    backend: Literal["transformers", "vllm", "openai"]
    dtype: Literal["float32", "bfloat16", "float16"]
    trust_remote_code: bool
    vllm: VllmSettings
    openai: OpenaiSettings


class Sampling(Section):
    temperature: float = Field(ge=0, le=2)
    top_p: float = Field(gt=0, le=1)
    max_tokens: int = Field(ge=1, le=8192)
    seed: int = Field(ge=0)


class Step(Section):
    """What the three generation steps share."""

    model: str = Field(min_length=1)
    revision: str | None
    prompt: str = Field(pattern=r"^[\w.-]+$")
    sampling: Sampling
    attempts: int = Field(ge=1, le=20)
    min_words: int = Field(ge=1)
    max_words: int = Field(ge=1)

    @model_validator(mode="after")
    def _words_in_order(self) -> Step:
        if self.min_words > self.max_words:
            raise ValueError(f"min_words {self.min_words} is above max_words {self.max_words}")
        return self


class Brainstorm(Step):
    stories_per_seed: int = Field(ge=1, le=1000)


class Explain(Step):
    pass


class Respond(Step):
    pass


class NearDuplicates(Section):
    enabled: bool
    threshold: float = Field(gt=0, le=1)
    permutations: int = Field(ge=16, le=1024)
    shingle_words: int = Field(ge=1, le=20)
    seed: int = Field(ge=0)


class RepeatedSubstrings(Section):
    enabled: bool
    min_words: int = Field(ge=2)


class Dedup(Section):
    exact: bool
    near: NearDuplicates
    substring: RepeatedSubstrings


Policy = Literal["drop", "keep", "review"]


class Topics(Section):
    """What to do with a pair that touches a sensitive topic."""

    self_harm: Policy
    abuse: Policy
    sexual_content: Policy
    violence: Policy
    drugs: Policy
    eating_disorders: Policy


class Filter(Section):
    explanation_min_words: int = Field(ge=1)
    explanation_max_words: int = Field(ge=1)
    response_min_words: int = Field(ge=1)
    response_max_words: int = Field(ge=1)
    topics: Topics


class Stats(Section):
    top_openings: int = Field(ge=1)


class Split(Section):
    validation: float = Field(gt=0, lt=1)
    test: float = Field(gt=0, lt=1)
    seed: int = Field(ge=0)

    @model_validator(mode="after")
    def _leaves_training_rows(self) -> Split:
        if self.validation + self.test >= 1:
            raise ValueError(f"validation {self.validation} and test {self.test} leave nothing to train on")
        return self


class Scorer(Section):
    path: str = Field(min_length=1)
    folds: int = Field(ge=2, le=20)
    seed: int = Field(ge=0)


class Lora(Section):
    rank: int = Field(ge=1)
    alpha: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)
    target_modules: list[str] = Field(min_length=1)


class Finetune(Section):
    model: str = Field(min_length=1)
    revision: str | None
    prompt: str = Field(pattern=r"^[\w.-]+$")
    lora: Lora
    learning_rate: float = Field(gt=0, le=1)
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    max_length: int = Field(ge=16)
    patience: int = Field(ge=1)
    seed: int = Field(ge=0)


class Evaluate(Section):
    sampling: Sampling
    pairs: int | None = Field(ge=1)
    bootstrap_samples: int = Field(ge=100)
    seed: int = Field(ge=0)


class Release(Section):
    name: str = Field(pattern=r"^[\w.-]+$")
    license: str


class Machine(Section):
    """How fast, never what: no stage's output depends on these, so DVC does not track them."""

    store: str
    batch_size: int = Field(ge=1)
    device: Literal["auto", "cpu", "cuda"]


class Params(Section):
    """All of params.yaml."""

    profile: str = Field(pattern=r"^[\w.-]+$")
    seeds: Seeds
    engine: Engine
    brainstorm: Brainstorm
    dedup: Dedup
    explain: Explain
    respond: Respond
    filter: Filter
    stats: Stats
    split: Split
    scorer: Scorer
    finetune: Finetune
    evaluate: Evaluate
    release: Release
    machine: Machine
