"""params.yaml and the profile laid over it, checked: unknown keys and values out of range are refused.

One pydantic model a section; dvc.yaml names the same sections as each stage's `params`.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from stages.common.errors import ParamsError
from stages.common.files import read_text

#: Keys that name files in dvc.yaml. DVC reads them from params.yaml alone, so a profile may not set them.
PATHS_IN_DVC_YAML = (
    ("seeds", "path"), ("brainstorm", "prompt"), ("explain", "prompt"), ("respond", "prompt"),
    ("finetune", "prompt"), ("scorer", "path"),
)


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


def load_params(path: Path, *, profile: str | None = None) -> Params:
    """Read `path` and `profiles/<profile>.yaml` beside it. ParamsError names file, line, key, value.

    `profile` overrides the one that `path` names.
    """
    base = read_mapping(path)
    profile = profile or base.get("profile")
    if not isinstance(profile, str):
        raise ParamsError("missing", file=path, field="profile", way_out="set profile: embedded")
    overlay_path = path.parent / "profiles" / f"{profile}.yaml"
    if not overlay_path.is_file():
        there = ", ".join(sorted(p.stem for p in overlay_path.parent.glob("*.yaml"))) or "none"
        raise ParamsError("no such profile", file=path, field="profile", value=profile, way_out=f"there are: {there}")
    overlay = read_mapping(overlay_path)
    for keys in PATHS_IN_DVC_YAML:
        if _holds(overlay, keys):
            raise ParamsError(
                "a profile may not set it, because dvc.yaml names a file by it", file=overlay_path,
                line=_line(overlay, keys), field=".".join(keys), way_out=f"set it in {path}",
            )
    try:
        return Params.model_validate(_merged(base, overlay))
    except ValidationError as error:
        raise _named(error, path, base, overlay_path, overlay) from None


def read_mapping(path: Path) -> Any:
    """A YAML 1.2 mapping that remembers its lines. ParamsError names file and line of what is not YAML."""
    try:
        value = YAML(typ="rt").load(read_text(path))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else None
        raise ParamsError(f"not YAML: {error.problem}", file=path, line=line) from None
    if not isinstance(value, dict):
        raise ParamsError("not a mapping of sections", file=path, line=1)
    return value


def _merged(base: Any, overlay: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(overlay, dict):
        return _plain(overlay)
    keys = [*base, *(k for k in overlay if k not in base)]
    return {
        str(k): _merged(base[k], overlay[k]) if k in base and k in overlay else _plain(overlay.get(k, base.get(k)))
        for k in keys
    }


def _plain(value: Any) -> Any:
    """Without ruamel's own types, which pydantic's strict mode would refuse."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, bool) or value is None:
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def _holds(mapping: Any, keys: tuple[str, ...]) -> bool:
    for key in keys:
        if not isinstance(mapping, dict) or key not in mapping:
            return False
        mapping = mapping[key]
    return True


def _line(mapping: Any, keys: tuple[Any, ...]) -> int | None:
    """The line where the last of `keys` stands, or the nearest key above it."""
    line: int | None = None
    for key in keys:
        if not isinstance(mapping, dict) or key not in mapping:
            break
        marked: Any = mapping  # ruamel's mapping, which knows its lines
        line = marked.lc.key(key)[0] + 1
        mapping = mapping[key]
    return line


def _named(error: ValidationError, path: Path, base: Any, overlay_path: Path, overlay: Any) -> ParamsError:
    problems = error.errors()  # a misspelt key is also a missing one: say the former
    problem = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
    keys = tuple(problem["loc"])
    file, mapping = (overlay_path, overlay) if _holds(overlay, keys) else (path, base)  # type: ignore[arg-type]
    field = ".".join(str(k) for k in keys)
    if problem["type"] == "extra_forbidden":
        known = _known_keys(keys[:-1])
        near = difflib.get_close_matches(str(keys[-1]), known, n=1)
        out = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(known)}"
        return ParamsError("unknown key", file=file, line=_line(mapping, keys), field=field, way_out=out)
    if problem["type"] == "missing":
        return ParamsError("missing", file=path, line=_line(base, keys), field=field, way_out="add it")
    message = str(problem["msg"]).removeprefix("Value error, ")
    value = None if isinstance(problem["input"], dict) else problem["input"]
    return ParamsError(
        message[0].lower() + message[1:], file=file, line=_line(mapping, keys), field=field, value=value,
    )


def _known_keys(keys: tuple[Any, ...]) -> list[str]:
    model: Any = Params
    for key in keys:
        model = model.model_fields[key].annotation
    return list(model.model_fields)
