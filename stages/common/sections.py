"""The sections of params.yaml, one pydantic model each: typed, with limits, unknown keys refused.

dvc.yaml names the same sections as each stage's `params`. `stages.common.params` reads them.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

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


class WeightedModel(Section):
    """One model of a mixture; it writes about weight / (sum of the weights) of the rows."""

    model: str = Field(min_length=1)
    revision: str | None = None
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)


class Step(Section):
    """What the three generation steps share."""

    model: str = Field(min_length=1)
    revision: str | None
    models: list[WeightedModel]
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

    @model_validator(mode="after")
    def _models_once(self) -> Step:
        names = [(one.model, one.revision) for one in self.models]
        twice = next((name for name, _ in names if names.count((name, _)) > 1), None)
        if twice is not None:
            raise ValueError(f"models names {twice} twice; give it once, with the sum of the weights")
        return self

    @property
    def mixture(self) -> tuple[WeightedModel, ...]:
        """The models that write the rows: `models`, or `model` alone where that is empty."""
        return tuple(self.models) or (WeightedModel(model=self.model, revision=self.revision),)


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
    action: Literal["drop", "trim"]
    min_words_left: int = Field(ge=1)


class SemanticDuplicates(Section):
    enabled: bool
    model: str | None = Field(min_length=1)
    revision: str | None
    threshold: float = Field(gt=0, le=1)
    dimensions: int = Field(ge=2, le=4096)
    seed: int = Field(ge=0, lt=2**32)


class Dedup(Section):
    exact: bool
    near: NearDuplicates
    substring: RepeatedSubstrings
    semantic: SemanticDuplicates


Policy = Literal["drop", "keep", "review"]


class TopicPolicy(Section):
    """What to do with a pair that touches a topic, by the text that does."""

    explanation: Policy
    response: Policy


class Topics(Section):
    """The policy of each sensitive topic."""

    minors: TopicPolicy
    self_harm: TopicPolicy
    abuse: TopicPolicy
    sexual_content: TopicPolicy
    violence: TopicPolicy
    drugs: TopicPolicy
    eating_disorders: TopicPolicy
    medical_legal: TopicPolicy


class SafetyThresholds(Section):
    """The score at which the classifier's word counts, by label."""

    offensive: float = Field(gt=0, le=1)
    unsafe_advice: float = Field(gt=0, le=1)
    refusal: float = Field(gt=0, le=1)
    assistant_talk: float = Field(gt=0, le=1)
    minors: float = Field(gt=0, le=1)
    self_harm: float = Field(gt=0, le=1)
    abuse: float = Field(gt=0, le=1)
    sexual_content: float = Field(gt=0, le=1)
    violence: float = Field(gt=0, le=1)
    drugs: float = Field(gt=0, le=1)
    eating_disorders: float = Field(gt=0, le=1)
    medical_legal: float = Field(gt=0, le=1)


class FilterClassifier(Section):
    """The filter's second layer."""

    model: str | None = Field(min_length=1)
    thresholds: SafetyThresholds


class Guard(Section):
    """The filter's third layer, a guard LLM."""

    model: str | None = Field(min_length=1)
    revision: str | None
    prompt: Literal["llama_guard", "granite_guardian"]
    own_template: bool
    action: Literal["drop", "review"]
    sampling: Sampling


class Filter(Section):
    explanation_min_words: int = Field(ge=1)
    explanation_max_words: int = Field(ge=1)
    response_min_words: int = Field(ge=1)
    response_max_words: int = Field(ge=1)
    personal_data: Literal["drop", "mask"]
    topics: Topics
    no_pointer_to_help: Policy
    answers_someone_else: Policy
    classifier: FilterClassifier
    guard: Guard

    @model_validator(mode="after")
    def _words_in_order(self) -> Filter:
        for field in ("explanation", "response"):
            least, most = getattr(self, f"{field}_min_words"), getattr(self, f"{field}_max_words")
            if least > most:
                raise ValueError(f"{field}_min_words {least} is above {field}_max_words {most}")
        return self


class Stats(Section):
    top_templates: int = Field(ge=1, le=100)
    self_bleu_sample: int = Field(ge=2, le=5000)
    near_threshold: float | None = Field(gt=0, le=1)
    topics: int = Field(ge=1, le=100)
    seed: int = Field(ge=0, lt=2**32)


class Safety(Section):
    """Training of the filter's classifier."""

    folds: int = Field(ge=2, le=20)
    seed: int = Field(ge=0)


class Split(Section):
    validation: float = Field(gt=0, lt=1)
    test: float = Field(gt=0, lt=1)
    seed: int = Field(ge=0)

    @model_validator(mode="after")
    def _leaves_training_rows(self) -> Split:
        if self.validation + self.test >= 1:
            raise ValueError(f"validation {self.validation} and test {self.test} leave nothing to train on")
        return self


Share = Annotated[float, Field(gt=0, lt=1)]


class LevelShares(Section):
    """How frequent levels 0, 1 and 2 are, a mechanism."""

    er: list[Share] = Field(min_length=3, max_length=3)
    ip: list[Share] = Field(min_length=3, max_length=3)
    ex: list[Share] = Field(min_length=3, max_length=3)

    @model_validator(mode="after")
    def _sum_to_one(self) -> LevelShares:
        for mechanism, shares in (("er", self.er), ("ip", self.ip), ("ex", self.ex)):
            if abs(sum(shares) - 1) > 0.005:
                raise ValueError(f"the shares of {mechanism} sum to {sum(shares):.3f}, not to 1")
        return self

    def of(self, mechanism: str) -> list[float]:
        return {"er": self.er, "ip": self.ip, "ex": self.ex}[mechanism]


class LinearSettings(Section):
    shares: LevelShares | None  # of the levels where the scorer is used; null: as in its pairs
    doubts: bool


class BiencoderSettings(Section):
    """EPITOME's model of a mechanism, and its training."""

    encoder: str = Field(min_length=1)
    revision: str | None
    freeze_seeker: bool
    learning_rate: float = Field(gt=0, le=1)
    batch_size: int = Field(ge=1)
    epochs: int = Field(ge=1)
    max_length: int = Field(ge=8)  # tokens of a text
    level_weight: float = Field(gt=0, allow_inf_nan=False)  # of the two losses
    rationale_weight: float = Field(ge=0, allow_inf_nan=False)
    dropout: float = Field(ge=0, lt=1)
    seed: int = Field(ge=0)


class JudgeSettings(Section):
    """An LLM that is asked by a rubric."""

    model: str = Field(min_length=1)
    revision: str | None
    prompt: str = Field(pattern=r"^[\w.-]+$")
    samples: int = Field(ge=1, le=100)  # a pair
    sampling: Sampling
    attempts: int = Field(ge=1, le=20)

    @model_validator(mode="after")
    def _samples_differ(self) -> JudgeSettings:
        if self.samples > 1 and self.sampling.temperature == 0:
            raise ValueError(f"{self.samples} samples at temperature 0 are all the same; take 1, or raise sampling.temperature")
        return self


class Scorer(Section):
    path: str = Field(min_length=1)
    also: str = Field(min_length=1)
    kind: Literal["linear", "biencoder", "judge"]
    linear: LinearSettings
    biencoder: BiencoderSettings
    judge: JudgeSettings
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


class OtherModel(Section):
    """A further model of the evaluation, or an adapter on one."""

    name: str = Field(pattern=r"^[A-Za-z][\w-]*$")
    model: str = Field(min_length=1)
    revision: str | None
    adapter: str | None


class Evaluate(Section):
    also: list[OtherModel]
    sampling: Sampling
    pairs: int | None = Field(ge=1)
    bootstrap_samples: int = Field(ge=100)
    seed: int = Field(ge=0)

    @field_validator("also")
    @classmethod
    def _names_differ(cls, also: list[OtherModel]) -> list[OtherModel]:
        names = ["base", "tuned", "corpus", *(other.name for other in also)]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"the name {twice} is taken; give each model a name of its own")
        return also


class Release(Section):
    name: str = Field(pattern=r"^[\w.-]+$")
    license: str


class RaySettings(Section):
    """The workers that `executor: ray` spreads over a cluster."""

    address: str | None = Field(min_length=1)  # host:port of a running cluster; null starts one on this machine
    workers: int = Field(ge=1)
    cpus_per_worker: int = Field(ge=1)
    gpus_per_worker: int = Field(ge=0)
    rows_per_batch: int = Field(ge=1)  # a worker's unit of work, and what its death costs


class Machine(Section):
    """How fast, never what: no stage's output depends on these, so DVC does not track them."""

    store: str
    batch_size: int = Field(ge=1)
    device: Literal["auto", "cpu", "cuda"]
    executor: Literal["local", "ray"]
    ray: RaySettings


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
    safety: Safety
    stats: Stats
    split: Split
    scorer: Scorer
    finetune: Finetune
    evaluate: Evaluate
    release: Release
    machine: Machine
