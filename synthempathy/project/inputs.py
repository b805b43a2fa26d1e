"""All that people edit, validated as the stages will read it: parameters, prompts, models, and the files of data/.

Every rule here is the stage's own: what a prompt may use, what a reader refuses, what a backend can load.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from synthempathy.core.errors import Check, InputError, ModelError, ParamsError, run_all
from synthempathy.core.params import Section, read_params
from synthempathy.dedup.semantic import check_model as check_semantic
from synthempathy.domain.description import Domain
from synthempathy.evaluation.systems import systems_of
from synthempathy.filters.guard import PROMPT_VARIABLES as GUARD_VARIABLES
from synthempathy.finetuning.examples import PROMPT_VARIABLES as FINETUNE_VARIABLES
from synthempathy.finetuning.examples import base_model
from synthempathy.generation.params import Step
from synthempathy.generation.steps import STEPS, models_of
from synthempathy.llm.backends import backend_of, check_model
from synthempathy.llm.hub import commit_of
from synthempathy.llm.loading import Model, is_folder
from synthempathy.llm.params import Engine, engine_of
from synthempathy.llm.prompts import load_prompt
from synthempathy.llm.reachable import check_room, check_weights, checks_of
from synthempathy.project.imports import linked_code
from synthempathy.project.params import Params, load_params
from synthempathy.project.prompts_room import room_checks
from synthempathy.scorers.judge.rubric import read_rubric
from synthempathy.scorers.linear.cues import read_cues
from synthempathy.seeds.sources import Sentence

#: Guards are asked by their own makers' prompts, whatever the domain.
GUARD_PROMPTS = Path("prompts/guard")
#: Models that stages write: they are outputs in dvc.yaml, and may not be there yet.
ADAPTER = "models/adapter"
WRITTEN = frozenset(("models/safety", "models/scorer", ADAPTER))


def checked_params(path: Path) -> Params:
    """All of params.yaml and the profile in force; raises the first mistake of every section, as `run_all` does."""
    file = read_params(path)
    sections = {name: field.annotation for name, field in Params.model_fields.items() if name in file.values}
    run_all([file.check_wanted, *(
        partial(file.section, name, section) for name, section in sections.items()
        if isinstance(section, type) and issubclass(section, Section)
    )])
    return load_params(path)


def prompt_checks(params: Params, folder: Path) -> Iterator[Check]:
    """Every prompt of `folder`, and those that params name, each with what its stages offer it."""
    offered = {"guard": GUARD_VARIABLES, **{step.name: step.variables for step in STEPS.values()}}
    named: dict[str, set[str]] = {
        "brainstorm": {params.brainstorm.prompt}, "explain": {params.explain.prompt},
        "respond": {params.respond.prompt, params.finetune.prompt}, "guard": {params.filter.guard.prompt},
        "judge": {params.scorer.judge.prompt},
    }
    for step, names in named.items():
        for name in sorted(names | {path.stem for path in (folder / step).glob("*.jinja")}):
            path = (GUARD_PROMPTS if step == "guard" else folder / step) / f"{name}.jinja"
            if step == "judge":
                yield partial(read_rubric, path)
            elif step == "respond" and name == params.finetune.prompt:  # which offers less than respond does
                yield partial(_check_prompt, path, FINETUNE_VARIABLES)
            else:
                yield partial(_check_prompt, path, offered[step])


def _check_prompt(path: Path, variables: Mapping[str, str]) -> None:
    load_prompt(path).check(variables)


def domain_checks(domain: Domain, params: Params, folder: Path) -> Iterator[Check]:
    """What a description (in `folder`) and the parameters say of each other."""
    rubric = domain.rubric
    yield partial(read_cues, folder / "cues.yaml")
    if params.whole != rubric.whole:
        yield partial(_contradicts, "whole", params.whole, f"the rubric's whole is {rubric.whole}: set it")
    for kind, shares in (("linear", params.scorer.linear.shares), ("embeddings", params.scorer.embeddings.shares)):
        if shares is not None:
            yield partial(_check_shares, kind, list(shares.root), rubric.names)


def _contradicts(field: str, value: str, hint: str) -> None:
    raise ParamsError("not what the domain's description says", file="params.yaml", field=field, value=value, hint=hint)


def _check_shares(kind: str, shares: Sequence[str], dimensions: Sequence[str]) -> None:
    if wrong := sorted(set(shares) - set(dimensions)):
        raise ParamsError(
            "no dimension of the domain's rubric", file="params.yaml", field=f"scorer.{kind}.shares", value=wrong[0],
            hint=f"it has {', '.join(dimensions)}; or set null",
        )


def model_checks(params: Params) -> Iterator[Check]:
    """The models that params name: a folder that is not there, an adapter that the backend cannot take."""
    longest = _longest_answers(params)
    for stage, asked in asked_models(params).items():
        for model, engine in asked:
            yield partial(check_model, model, engine)
            yield from checks_of(model, engine, params.machine, longest[stage])
            if model.adapter is not None and str(model.adapter) not in WRITTEN:
                yield partial(_check_folder, model.adapter, f"{stage}.also", "adapter_config.json")
    yield partial(check_weights, params.finetune.model, params.finetune.revision)
    if params.finetune.quantization and find_spec("bitsandbytes") is None:
        yield partial(_missing, "finetune.quantization wants bitsandbytes, which is not installed; make install EXTRAS=qlora")
    yield partial(check_room, Path("data"))
    yield partial(check_room, Path(params.machine.store).parent)
    yield partial(check_semantic, params.dedup.semantic)
    encoder = encoder_of(params)
    if encoder and "/" in encoder:  # one word is a name on the hub
        yield partial(is_folder, encoder)
    classifier = params.filter.classifier
    if classifier.transformer.model is not None:
        yield partial(is_folder, classifier.transformer.model)
    if classifier.enabled and classifier.model not in WRITTEN:
        yield partial(_check_folder, Path(classifier.model), "filter.classifier.model", None)


def prompt_room_checks(
    params: Params, prompts: Path, sentences: Callable[[], Sequence[Sentence]]
) -> Iterator[Check]:
    """Prompts that are too long for the context of the models that they go to. `sentences` gives the seeds' source."""
    return room_checks(params, prompts, sentences, asked_models(params), _longest_answers(params))


def _missing(said: str) -> None:
    raise ModelError(said)


def _check_folder(folder: Path, field: str, file: str | None) -> None:
    if not (folder / (file or "")).exists():
        raise InputError("no such folder, or nothing of the kind in it", file="params.yaml", field=field, value=str(folder))


def linked_folders(params: Params) -> dict[str, list[Path]]:
    """What models/named links for each stage: the models that it reads, and the code that params alone make it run."""
    values = params.model_dump()
    return {
        stage: [*models, *(code for code in linked_code(stage, values) if code.exists())]
        for stage, models in model_folders(params).items()
    }


def hub_models(params: Params) -> dict[str, list[str]]:
    """The hub's models that each stage loads, each as name@commit: what a name alone means changes. ModelError as in checks."""
    asked = {stage: [(model.name, model.revision) for model in _loaded(some)] for stage, some in asked_models(params).items()}
    asked["finetune"] = [(params.finetune.model, params.finetune.revision)]
    return {
        stage: [f"{name}@{commit_of(name, revision)}" for name, revision in dict.fromkeys(names) if not is_folder(name)]
        for stage, names in asked.items()
    }


def model_folders(params: Params) -> dict[str, list[Path]]:
    """The folders of models that each stage reads, without those that another stage writes and the hub's."""
    names = {
        stage: [name for model in _loaded(asked) for name in (model.name, model.adapter)]
        for stage, asked in asked_models(params).items()
    }
    del names["prefer"]  # it asks the base model, and depends on finetune's folder
    names["finetune"] = [params.finetune.model]
    names["dedup"] = [params.dedup.semantic.model if params.dedup.semantic.enabled else None]
    names["filter"].append(params.filter.classifier.transformer.model)
    names["scorer"].append(encoder_of(params))
    return {
        stage: [Path(name) for name in dict.fromkeys(found) if name and str(name) not in WRITTEN and Path(name).is_dir()]
        for stage, found in names.items()
    }


def _loaded(asked: list[tuple[Model, Engine]]) -> list[Model]:
    """Those whose weights are read on this machine."""
    return [model for model, engine in asked if backend_of(engine_of(model.engine, engine)).local_weights]


def encoder_of(params: Params) -> str | None:
    """The encoder that the scorer's kind is built on; None for a kind without one."""
    kind = params.scorer.kind
    return {"biencoder": params.scorer.biencoder.encoder, "embeddings": params.scorer.embeddings.encoder}.get(kind)


def _longest_answers(params: Params) -> dict[str, int]:
    """max_tokens of each stage that asks models."""
    sampling = {
        "brainstorm": params.brainstorm.sampling, "explain": params.explain.sampling, "respond": params.respond.sampling,
        "filter": params.filter.guard.sampling, "scorer": params.scorer.judge.sampling, "prefer": params.finetune.dpo.sampling,
        "evaluate": params.evaluate.sampling,
    }
    return {stage: one.max_tokens for stage, one in sampling.items()}


def asked_models(params: Params) -> dict[str, list[tuple[Model, Engine]]]:
    """The models that each stage asks, and by which engine."""
    guard, judge = params.filter.guard, params.scorer.judge
    steps: dict[str, Step] = {"brainstorm": params.brainstorm, "explain": params.explain, "respond": params.respond}
    evaluated = [one.model for one in systems_of(params.finetune, Path(ADAPTER), params.evaluate)]
    return {
        **{name: [(model, engine_of(step.engine, params.engine)) for model in models_of(step)] for name, step in steps.items()},
        "filter": [(Model(guard.model, guard.revision), guard.engine)] if guard.model else [],
        "scorer": [(Model(judge.model, judge.revision), judge.engine)] if params.scorer.kind == "judge" else [],
        "prefer": [(base_model(params.finetune), params.engine)] if params.finetune.kind == "dpo" else [],
        "evaluate": [(model, engine_of(params.evaluate.engine, params.engine)) for model in evaluated],
    }
