"""All of params.yaml and its profiles, put together and checked as one.

Stages read their own sections (`core.params`); what looks at the project as a whole reads this.
"""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import Field

from synthempathy.core.files import read_text
from synthempathy.core.params import Section, read_params
from synthempathy.dedup.params import Dedup
from synthempathy.domain.description import read_domain
from synthempathy.evaluation.params import Evaluate
from synthempathy.filters.params import Filter, Safety
from synthempathy.finetuning.params import Finetune
from synthempathy.generation.params import Brainstorm, Explain, Respond
from synthempathy.llm.params import Engine, Machine
from synthempathy.release.params import Release
from synthempathy.scorers.params import Scorer
from synthempathy.seeds.params import Seeds
from synthempathy.split.params import Split
from synthempathy.statistics.params import Stats

#: What dvc.yaml names files by, or a plot: params.yaml alone sets it, and no profile has a part for it.
NAMING = frozenset(("profile", "domain", "whole", "prompts"))


class Params(Section):
    """All of params.yaml."""

    profile: str = Field(pattern=r"^[\w.-]+$")
    domain: str = Field(pattern=r"^[\w.-]+$")
    whole: str = Field(min_length=1)
    prompts: str = Field(default="prompts", min_length=1)
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


def load_params(path: Path, *, profile: str | None = None) -> Params:
    """All of `path` and its profile, checked; the profile may set no key by which dvc.yaml, beside `path`, names a file.

    ParamsError names file, line, key and value of the first mistake.
    """
    params = read_params(path, profile=profile)
    for dotted in keys_in_dvc_yaml(path.parent / "dvc.yaml"):
        if error := params.profile_sets(dotted):
            raise error
    found = params.whole(Params)
    if found.release.name is None:
        named = found.release.model_copy(update={"name": f"{read_domain(path).corpus.name}-{profile or found.profile}"})
        found = found.model_copy(update={"release": named})
    return found


def keys_in_dvc_yaml(path: Path) -> list[str]:
    """The keys that `path` puts into file names, as in ${seeds.path}: DVC reads them from params.yaml alone."""
    if not path.is_file():
        return []
    return sorted(set(re.findall(r"\$\{([\w.]+)\}", read_text(path))) - {"profile"})
