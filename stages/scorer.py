"""scorer: learn to score empathy from labelled pairs, and measure the scorer on pairs that it did not see.

    python -m stages.scorer data/empathy/labelled_pairs.csv models/scorer metrics/scorer.json \\
        metrics/scorer_calibration.csv metrics/scorer_confusion.csv

Pairs of scorer.also are added to those of the command line. scorer.kind says which scorer learns from them; the judge's
prompt is prompts/judge/<scorer.judge.prompt>.jinja. Both paths are relative to the folder of the params file.
"""

from __future__ import annotations

from pathlib import Path

from synthempathy.core.command import run_stage
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.params import read_params
from synthempathy.core.progress import progress, say
from synthempathy.llm.params import Machine
from synthempathy.scorers.base import Surroundings
from synthempathy.scorers.params import Scorer


def scorer(labelled: Path, model: Path, metrics: Path, calibration: Path, confusion: Path, *, params: Path) -> None:
    """Read, cross-validate over explanations (scorer.folds, scorer.seed), learn from all, write."""
    file = read_params(params)
    settings = file.section("scorer", Scorer)
    around = Surroundings(file.section("machine", Machine), params.parent / "prompts" / "judge")
    from synthempathy.scorers.kinds import train_scorer
    from synthempathy.scorers.labelled import check_enough
    from synthempathy.scorers.sources import read_labelled
    from synthempathy.scorers.validation import cross_validate

    found = read_labelled(labelled, params.parent / settings.also)
    check_enough(found.pairs, settings.folds, labelled)
    with progress("scorer", settings.folds + 1) as advance:
        predictions = cross_validate(
            found.pairs, settings.folds, settings.seed,
            lambda pairs, run: train_scorer(pairs, settings, around, run=run), advance=advance,
        )
        trained = train_scorer(found.pairs, settings, around)
        advance()
    figures, own = predictions.metrics(), trained.self_agreement()
    report = dict(figures) | ({"self_agreement": own} if own else {}) | {"kind": settings.kind} | found.report()
    with written_whole(model, metrics, calibration, confusion) as (model_part, metrics_part, calibration_part, confusion_part):
        trained.save(model_part)
        write_json(metrics_part, report)
        predictions.write_calibration(calibration_part)
        predictions.write_confusion(confusion_part)
    shown = ", ".join(f"{m} {f['macro_f1']:.3f}" for m, f in figures.items())
    say(f"scorer: {len(found.pairs)} labelled pairs; macro-F1 of the {settings.kind} scorer in cross-validation: {shown}")


if __name__ == "__main__":
    run_stage(
        scorer,
        {
            "labelled": "labelled pairs: a CSV with explanation, response, er, ip, ex and rationales; or EPITOME's folder",
            "model": "the scorer (folder, written)",
            "metrics": "agreement with the labels, cross-validated (JSON, written)",
            "calibration": "how often the scorer is right, by how sure it is (CSV, written)",
            "confusion": "pairs by label and by the level that the scorer named (CSV, written)",
        },
        doc=__doc__,
        optional=("calibration", "confusion"),
    )
