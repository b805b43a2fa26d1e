"""The systems that are compared: the base model, the tuned one, any further models, and the corpus's own responses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from synthempathy.core.errors import InputError
from synthempathy.evaluation.params import Evaluate, OtherModel
from synthempathy.finetuning.examples import base_model
from synthempathy.finetuning.params import Finetune
from synthempathy.llm.backends import check_model
from synthempathy.llm.loading import Model, adapter_config
from synthempathy.llm.params import Engine

BASE, TUNED, CORPUS = "base", "tuned", "corpus"


@dataclass(frozen=True)
class System:
    """A model that answers, under the name that rows and figures carry."""

    name: str
    model: Model


def systems_of(finetune: Finetune, adapter: Path, evaluate: Evaluate) -> list[System]:
    """base, tuned and evaluate.also, in this order: the order in which they are loaded, one at a time."""
    base = base_model(finetune)
    tuned = replace(base, adapter=adapter, served_as=evaluate.adapter_name)
    return [System(BASE, base), System(TUNED, tuned), *(System(one.name, _model(one)) for one in evaluate.also)]


def _model(one: OtherModel) -> Model:
    adapter = Path(one.adapter) if one.adapter else None
    return Model(one.model, one.revision, adapter, engine=one.engine, served_as=one.adapter_name)


def check_systems(systems: Sequence[System], engine: Engine) -> None:
    """Refuse what cannot work before any model runs: a folder without a model, an adapter of another model."""
    for system in systems:
        check_model(system.model, engine)
        if system.model.adapter is not None:
            _check_adapter(system.model.adapter, system.model.name)


def _check_adapter(adapter: Path, model: str) -> None:
    """Refuse a folder that holds no adapter, or one that was trained on another model."""
    trained_on = adapter_config(adapter)["base_model_name_or_path"]
    if trained_on != model:
        raise InputError(
            "the adapter was trained on another model", file=adapter / "adapter_config.json", field="base_model_name_or_path",
            value=trained_on, hint=f"it is asked for on {model}: run `dvc repro finetune`, or see evaluate.also",
        )
