"""The arms: the base model, the tuned one, any further models, and the corpus's own responses for reference."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from synthempathy.core.errors import InputError, ModelError
from synthempathy.core.files import read_text

if TYPE_CHECKING:
    from synthempathy.project.params import Params

BASE, TUNED, CORPUS = "base", "tuned", "corpus"


@dataclass(frozen=True)
class Arm:
    """A model that answers, under the name that rows and figures carry."""

    name: str
    model: str
    revision: str | None
    adapter: Path | None

    @property
    def title(self) -> str:
        """The model, as the rows name it."""
        return self.model if self.adapter is None else f"{self.model} + {self.adapter}"


def arms_of(settings: Params, adapter: Path) -> list[Arm]:
    """base, tuned and evaluate.also, in this order: the order in which they are loaded, one at a time."""
    model, revision = settings.finetune.model, settings.finetune.revision
    others = [
        Arm(other.name, other.model, other.revision, Path(other.adapter) if other.adapter else None)
        for other in settings.evaluate.also
    ]
    return [Arm(BASE, model, revision, None), Arm(TUNED, model, revision, adapter), *others]


def check_arms(arms: list[Arm], backend: str) -> None:
    """Refuse what cannot work before any model runs: a folder without a model, an adapter of another model."""
    from synthempathy.llm.loading import is_folder

    for arm in arms:
        if backend == "openai" and arm.adapter is not None:
            raise ModelError("engine.backend openai cannot load an adapter; evaluate with transformers or vllm")
        if backend != "openai":
            is_folder(arm.model)
        if arm.adapter is not None:
            check_adapter(arm.adapter, arm.model)


def check_adapter(adapter: Path, model: str) -> None:
    """Refuse a folder that holds no adapter, or one that was trained on another model."""
    config = adapter / "adapter_config.json"
    if not config.is_file():
        raise InputError("no adapter there", file=adapter, hint="run `dvc repro finetune`, or check the path")
    try:
        trained_on = json.loads(read_text(config)).get("base_model_name_or_path")
    except (json.JSONDecodeError, AttributeError):
        raise InputError("not an adapter's config", file=config, hint="run `dvc repro finetune`") from None
    if trained_on != model:
        raise InputError(
            "the adapter was trained on another model", file=config, field="base_model_name_or_path",
            value=trained_on, hint=f"it is asked for on {model}: run `dvc repro finetune`, or see evaluate.also",
        )
