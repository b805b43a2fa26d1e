"""safety: train the filter's second layer on labelled examples, and measure it on folds that it did not see.

    python -m stages.safety data/safety PAIRS.csv models/safety metrics/safety.json

The folder holds examples.csv (labelled texts), hate/ (kinds of hate and of its harmless neighbours, by several authors),
patterns.yaml (more of them, in their parts) and concepts.yaml (word classes). `ordinary` is text that must pass: people in hard
situations, answered with some understanding.
The metrics give, for each label, the examples, the average precision, and how many are found (recall) where the score is
0.5 and over, and how many of the texts found there are right (precision); the same at the score where both are best. All of
it on texts that were not seen, of authors who were not read where several wrote of the label (authors_left_out). Where some texts
only measure, because their harm has no words of its own, `taught` gives the same of the others.
"""

from __future__ import annotations

from pathlib import Path

from synthempathy.core.command import run_stage
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.params import read_params
from synthempathy.core.progress import progress, say
from synthempathy.filters.params import Safety


def safety(folder: Path, ordinary: Path, model: Path, metrics: Path, *, params: Path) -> None:
    """Read, cross-validate (safety.folds, safety.seed), learn from all, write."""
    settings = read_params(params).section("safety", Safety)
    from synthempathy.filters.classifier.composing import composed
    from synthempathy.filters.classifier.concepts import read_concepts
    from synthempathy.filters.classifier.learning import fit
    from synthempathy.filters.classifier.model import LABELS
    from synthempathy.filters.classifier.templates import read_kinds
    from synthempathy.filters.examples import read_examples, read_ordinary

    concepts = read_concepts(folder / "concepts.yaml")
    labelled = read_examples(folder / "examples.csv", LABELS)
    patterned = composed(folder / "patterns.yaml", settings.seed)
    hate = read_kinds(folder / "hate", settings.seed)
    passing = read_ordinary(ordinary, besides=[*labelled, *hate])
    with progress("safety", len(LABELS)) as advance:
        classifier, figures = fit(
            [*labelled, *hate, *passing], patterned, concepts, settings.folds, settings.seed, advance=advance
        )
    with written_whole(model, metrics) as (model_part, metrics_part):
        classifier.save(model_part)
        write_json(metrics_part, {
            "examples": len(labelled), "hate": len(hate), "composed": len(patterned), "ordinary": len(passing), "labels": figures,
        })
    shown = ", ".join(f"{label} {figure['average_precision']:.2f}" for label, figure in figures.items())
    say(f"safety: {len(labelled) + len(hate)} examples and {len(passing)} ordinary texts; average precision unseen: {shown}")


if __name__ == "__main__":
    run_stage(
        safety,
        {
            "folder": "labelled examples, patterns and word classes",
            "ordinary": "labelled pairs whose texts must pass (CSV)",
            "model": "the classifier (folder, written)",
            "metrics": "how well it finds what it did not see (JSON, written)",
        },
        doc=__doc__,
    )
