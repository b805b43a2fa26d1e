"""Probe the trained model and put it, with its card, where the pipeline finds it.

    python -m synthempathy.demo_model.publish .synthempathy/embedded/trained .synthempathy/embedded/training.json \\
        prompts data/seeds/stressors.csv models/embedded metrics/embedded.json
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from synthempathy.core.command import guarded
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.progress import say
from synthempathy.demo_model.probes import held_out_loss, probe
from synthempathy.llm.backends.transformers import TransformersEngine
from synthempathy.project.params import load_params

HELD_OUT_ROWS = 400
CARD = Path(__file__).with_name("card.md.jinja")


def publish(trained: Path, training: Path, prompts: Path, seeds: Path, target: Path, metrics: Path) -> None:
    """Run the probes, write card and figures, replace the model's folder whole."""
    say("publish: probing the model, a few minutes")
    params = load_params(Path("params.yaml"))
    engine = TransformersEngine(str(trained), None, params.engine, params.machine)
    figures: dict[str, Any] = json.loads(training.read_text())
    figures |= {"held_out_loss": held_out_loss(trained, prompts, HELD_OUT_ROWS)} | probe(engine, prompts, seeds)
    card = Environment(undefined=StrictUndefined, trim_blocks=True).from_string(CARD.read_text())
    with written_whole(target, metrics) as (folder, metrics_part):
        shutil.copytree(trained, folder)
        (folder / "README.md").write_text(card.render(figures) + "\n", encoding="utf-8")
        write_json(metrics_part, figures)
    say(f"publish: {target} and {metrics}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("trained", "training", "prompts", "seeds", "model", "metrics"):
        parser.add_argument(name, type=Path)
    given = parser.parse_args()
    guarded(lambda: publish(given.trained, given.training, given.prompts, given.seeds, given.model, given.metrics))
