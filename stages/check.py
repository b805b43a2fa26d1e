"""check: validate all that people edit, before DVC removes an output.

    python -m stages.check {seeds.path} {scorer.path} {scorer.also} \\
        data/review/decisions.csv data/safety {prompts} data/datasheet.yaml data/checked.json models/named

DVC deletes a stage's outputs before it starts the stage. This stage comes first, so that a mistake ends the run, a line for
each, while every output is still there. data/checked.json never changes, so nothing is rerun because of it.

models/named holds a folder for each stage that reads a model, with links to the files of those that params.yaml (or the
profile) names and that stand on this machine. DVC follows the links: so a change in any model's folder, wherever it is,
reruns the stages that read it. A model of the hub is named there with its commit, so that another commit under the same name
reruns them too; and code that a stage runs only where params say so (a judge's engines) is linked. Where a file of a model is
removed, DVC stops at the link ("No such file"): this command, or `make repro`, makes the links anew.
"""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

from synthempathy.core.command import run_stage
from synthempathy.core.errors import run_all
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.progress import say
from synthempathy.domain.description import domain_path, read_domain
from synthempathy.filters.base import lexicon
from synthempathy.filters.classifier.composing import composed
from synthempathy.filters.classifier.concepts import read_concepts
from synthempathy.filters.classifier.model import LABELS
from synthempathy.filters.classifier.templates import read_kinds
from synthempathy.filters.decisions import read_decisions
from synthempathy.filters.examples import MEASURED, read_examples
from synthempathy.filters.judging import LEXICONS
from synthempathy.llm.loading import link_models
from synthempathy.project import inputs
from synthempathy.project.remarks import remarks
from synthempathy.release.datasheet import read_datasheet
from synthempathy.scorers.labelled import check_enough
from synthempathy.scorers.sources import read_labelled
from synthempathy.seeds.sources import read_sentences


def check(
    seeds: Path, labels: Path, more_labels: Path, decisions: Path, safety: Path, prompts: Path, datasheet: Path,
    checked: Path, named: Path, *, params: Path,
) -> None:
    """Raise every mistake at once, an error each (an ExceptionGroup if several); write when there is none."""
    loaded, domain = inputs.checked_params(params), read_domain(params)
    sentences = cache(partial(read_sentences, seeds, domain.seeds.columns))
    run_all([
        *inputs.prompt_checks(loaded, prompts),
        *inputs.model_checks(loaded),
        sentences,
        *inputs.prompt_room_checks(loaded, prompts, sentences),
        lambda: check_enough(
            read_labelled(labels, more_labels, dimensions=domain.rubric.names).pairs, loaded.scorer.folds, labels
        ),
        *inputs.domain_checks(domain, loaded, domain_path(params).parent),
        partial(read_decisions, decisions),
        partial(read_datasheet, datasheet),
        partial(read_concepts, safety / "concepts.yaml"),
        partial(read_examples, safety / "examples.csv", LABELS),
        partial(composed, safety / "patterns.yaml", loaded.safety.seed),
        *(partial(read_kinds, safety / folder, loaded.safety.seed) for folder in ("hate", "unseen")),
        partial(read_examples, safety / "held_out.csv", MEASURED),
        *(partial(lexicon, path) for path in sorted(LEXICONS.rglob("*.txt"))),
    ])
    linked, of_hub = inputs.linked_folders(loaded), inputs.hub_models(loaded)
    folders = [named / stage for stage in linked]
    with written_whole(checked, *folders) as (checked_part, *parts):
        write_json(checked_part, {"params, prompts, models, seeds, labels, decisions, safety": "read without an error"})
        for part, (stage, found) in zip(parts, linked.items(), strict=True):
            link_models(part, found, of_hub.get(stage, []))
    folder = domain_path(params).parent
    for line in remarks(loaded, domain, folder, prompts, seeds, labels, sentences()):
        say(f"check: {line}")
    say("check: params, prompts, models, seeds, labels, decisions and safety examples are in order")


if __name__ == "__main__":
    run_stage(
        check,
        {
            "seeds": "the seeds' source (CSV in the domain's columns, or a SAD zip)",
            "labels": "labelled pairs of the scorer (CSV)",
            "more_labels": "a second source of them",
            "decisions": "decisions of the review (CSV)",
            "safety": "labelled examples, patterns and word classes of the filter (folder)",
            "prompts": "all prompts (folder)",
            "datasheet": "questions of the release that only a person can answer (YAML)",
            "checked": "written when all is well (JSON)",
            "named": "links to the models that params name (folder, written)",
        },
        doc=__doc__,
    )
