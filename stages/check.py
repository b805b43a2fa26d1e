"""check: look at all that people edit before DVC removes an output: params, profiles, prompts, seeds, labels, decisions.

    python -m stages.check data/seeds/stressors.csv data/empathy/labelled_pairs.csv data/review/decisions.csv \\
        data/checked.json

DVC deletes a stage's outputs before it starts the stage. This stage comes first, so that a mistake ends the run with
one line while every output is still there. What it writes never changes, so nothing is rerun because of it.
"""

from __future__ import annotations

from pathlib import Path

from stages.quality import MEASURED
from synthempathy.core.command import run_stage
from synthempathy.core.files import write_json
from synthempathy.core.progress import say
from synthempathy.filters.classifier.concepts import read_concepts
from synthempathy.filters.classifier.model import LABELS
from synthempathy.filters.decisions import read_decisions
from synthempathy.filters.labelled import read_examples
from synthempathy.llm.loading import is_folder
from synthempathy.llm.prompts import load_prompt
from synthempathy.project.params import Params, load_params
from synthempathy.scorers.labelled import read_labelled
from synthempathy.seeds.sources import read_sentences

#: What the stages safety and quality read, beside what stands on the command line.
SAFETY, HELD_OUT = Path("data/safety"), Path("data/safety/held_out.csv")

#: What each step offers its prompts.
VARIABLES = {
    "brainstorm": {"sentence": "I missed the bus.", "category": "Other"},
    "explain": {"story": "Ann missed the bus.", "seed": "I missed the bus.", "category": "Other"},
    "respond": {"explanation": "I missed the bus.", "category": "Other"},
    "judge": {"pair": '{"post": "I missed the bus.", "reply": "That is a pity."}'},
}


def check(seeds: Path, labels: Path, decisions: Path, checked: Path, *, params: Path) -> None:
    """Raise on the first thing that is wrong; write `checked` when all is well."""
    loaded = load_params(params)
    for profile in sorted((params.parent / "profiles").glob("*.yaml")):
        load_params(params, profile=profile.stem)
    _check_prompts(loaded, params.parent / "prompts")
    steps = () if loaded.engine.backend == "openai" else (loaded.brainstorm, loaded.explain, loaded.respond)
    also = () if loaded.engine.backend == "openai" else loaded.evaluate.also
    for one in (*(one for step in steps for one in step.mixture), loaded.finetune, *also):
        is_folder(one.model)
    read_sentences(seeds)
    read_labelled(labels, Path(loaded.scorer.also))
    read_decisions(decisions)
    read_concepts(SAFETY / "concepts.yaml")
    read_examples(SAFETY / "examples.csv", LABELS)
    read_examples(HELD_OUT, MEASURED)
    write_json(checked, {"params, profiles, prompts, models, seeds, labels, decisions": "read without an error"})
    say("check: params, prompts, models, seeds, labels and decisions are in order")


def _check_prompts(params: Params, folder: Path) -> None:
    chosen = {
        "brainstorm": [params.brainstorm.prompt], "explain": [params.explain.prompt],
        "respond": [params.respond.prompt, params.finetune.prompt], "judge": [params.scorer.judge.prompt],
    }
    for step, names in chosen.items():
        for name in names:
            load_prompt(folder / step / f"{name}.jinja").check(VARIABLES[step])
        for path in sorted((folder / step).glob("*.jinja")):
            load_prompt(path).check(VARIABLES[step])


if __name__ == "__main__":
    run_stage(check, {
        "seeds": "the seeds' source (CSV in SAD's columns, or a SAD zip)", "labels": "labelled pairs of the scorer (CSV)",
        "decisions": "decisions of the review (CSV)", "checked": "written when all is well (JSON)",
    }, doc=__doc__)
