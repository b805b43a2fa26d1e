"""scorer: learn to score empathy from labelled pairs, and measure the scorer on pairs that it did not see.

    python -m stages.evaluation.scorer data/empathy/labelled_pairs.csv models/scorer metrics/scorer.json
"""

from __future__ import annotations

from pathlib import Path

from stages.common.command import run_stage
from stages.common.files import write_json, written_whole
from stages.common.params import load_params
from stages.common.progress import progress, say


def scorer(labelled: Path, model: Path, metrics: Path, *, params: Path) -> None:
    """Read, cross-validate over explanations (scorer.folds, scorer.seed), learn from all, write."""
    settings = load_params(params).scorer
    from stages.evaluation.labelled import AUTHORED, check_enough, read_labelled
    from stages.evaluation.learning import cross_validate, fit_scorer
    from stages.evaluation.mechanisms import MECHANISMS

    pairs = read_labelled(labelled)
    check_enough(pairs, settings.folds, labelled)
    with progress("scorer", settings.folds + 1) as advance:
        figures = cross_validate(pairs, settings.folds, settings.seed, advance=advance)
        learned = fit_scorer(pairs)
        advance()
    source = f"authored: {labelled.as_posix()}" if labelled.name == AUTHORED else labelled.as_posix()
    with written_whole(model, metrics) as (model_part, metrics_part):
        learned.save(model_part)
        write_json(metrics_part, {m: figures[m] for m in MECHANISMS} | {"pairs": len(pairs), "source": source})
    shown = ", ".join(f"{m} {f['macro_f1']:.3f}" for m, f in figures.items())
    say(f"scorer: {len(pairs)} labelled pairs; macro-F1 in cross-validation: {shown}")


if __name__ == "__main__":
    run_stage(
        scorer,
        {
            "labelled": "labelled pairs: explanation, response, er, ip, ex and rationales (CSV)",
            "model": "the scorer (folder, written)",
            "metrics": "agreement with the labels, cross-validated (JSON, written)",
        },
        doc=__doc__,
    )
