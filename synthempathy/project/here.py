"""Which of the models that params name can be asked on this machine. Another machine may have written what it goes on from."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from synthempathy.core.errors import ModelError
from synthempathy.llm.backends import backend_of
from synthempathy.llm.loading import Model, is_folder
from synthempathy.llm.params import Engine, Machine, engine_of
from synthempathy.llm.reachable import check_installed, checks_of
from synthempathy.project.inputs import asked_models, encoder_of
from synthempathy.project.params import Params


def models_not_here(params: Params) -> dict[str, str]:
    """Why a folder of models/named cannot be filled here, for each that cannot: its model, package or server is missing.

    A model of the hub counts as here when the hub's cache holds it: what takes hours to fetch is not fetched unasked.
    """
    found: dict[str, str] = {}
    for stage, asked in asked_models(params).items():
        for model, engine in asked:
            _note(found, stage, _why_not(model, engine, params.machine))
    semantic, transformer = params.dedup.semantic, params.filter.classifier.transformer.model
    for stage, name, revision in (
        ("finetune", params.finetune.model, params.finetune.revision),
        ("dedup", semantic.model if semantic.enabled else None, None),
        ("filter", transformer, None),
        ("scorer", encoder_of(params), None),
    ):
        _note(found, stage, name and _lacking(name, revision))
    if params.finetune.quantization and find_spec("bitsandbytes") is None:
        _note(found, "finetune", "bitsandbytes is not installed")
    return found


def _note(found: dict[str, str], stage: str, why: str | None) -> None:
    if why:
        found.setdefault(stage, why)


def _why_not(model: Model, engine: Engine, machine: Machine) -> str | None:
    own = engine_of(model.engine, engine)
    try:
        if not backend_of(own).local_weights:
            for check in checks_of(model, engine, machine, max_tokens=1):
                check()
            return None
        check_installed(own, machine)
    except ModelError as error:
        return str(error)
    return _lacking(model.name, model.revision)


def _lacking(name: str, revision: str | None) -> str | None:
    """What is missing of a model whose weights are read here; None where nothing is."""
    try:
        if is_folder(name):
            return None
    except ModelError:
        if Path(name).is_dir():  # a folder of something else: say what
            raise
        return f"{name} is not on this machine"
    from huggingface_hub import try_to_load_from_cache

    cached = try_to_load_from_cache(name, "config.json", revision=revision)
    return None if isinstance(cached, str) else f"{name} is not in this machine's cache of the hub"
