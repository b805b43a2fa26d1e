"""model: train the embedded demonstration model, probe it, and publish it with its card.

    python -m stages.demo_model.model stages/demo_model/params.yaml prompts data/seeds/stressors.csv \\
        models/embedded metrics/embedded.json

On 2 cores it takes about an hour. Interrupted, the same command resumes from the checkpoints in .synthempathy/demo_model.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from synthempathy.core.command import run_stage
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.params import ParamsFile, read_mapping, read_params
from synthempathy.core.progress import say
from synthempathy.demo_model.params import Recipe
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Machine

WORK = Path(".synthempathy/demo_model")


def model(recipe: Path, prompts: Path, seeds: Path, target: Path, metrics: Path, *, params: Path) -> None:
    """Write the model's folder `target` whole, and the figures of training and probes (JSON)."""
    settings = ParamsFile(recipe, read_mapping(recipe)).whole(Recipe)
    machine = read_params(params).section("machine", Machine)
    from synthempathy.demo_model.probes import held_out_loss, model_card, probe
    from synthempathy.demo_model.train import train
    from synthempathy.llm.backends.transformers import TransformersBackend

    trained = WORK / "trained"
    figures: dict[str, Any] = {**train(settings, prompts, trained, WORK)}
    say("model: probing, a few minutes")
    figures["held_out_loss"] = held_out_loss(trained, prompts)
    figures |= probe(TransformersBackend(Model(str(trained)), Engine(backend="transformers"), machine), prompts, seeds)

    with written_whole(target, metrics) as (folder, metrics_part):
        shutil.copytree(trained, folder)
        (folder / "README.md").write_text(model_card(figures), encoding="utf-8")
        write_json(metrics_part, figures)
    say(f"model: {target} and {metrics}")


if __name__ == "__main__":
    run_stage(
        model,
        {
            "recipe": "the recipe (YAML)",
            "prompts": "folder of the pipeline's prompts",
            "seeds": "stress sentences to probe with (CSV in SAD's columns)",
            "target": "the model (folder), written whole",
            "metrics": "figures of training and probes (JSON)",
        },
        doc=__doc__,
    )
