"""scorer: learn to rate responses from labelled pairs, and measure the scorer on pairs that it did not see.

    python -m stages.scorer {scorer.path} models/scorer metrics/scorer.json \\
        metrics/scorer_calibration.csv metrics/scorer_confusion.csv

Pairs of scorer.also are added to those of the command line. scorer.kind says which scorer learns from them; the judge's
prompt is <prompts>/judge/<scorer.judge.prompt>.jinja. Both paths are relative to the folder of the params file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from synthempathy.core.command import run_stage
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.params import read_params
from synthempathy.core.progress import progress, say
from synthempathy.domain.description import domain_path, read_domain
from synthempathy.llm.params import Machine
from synthempathy.scorers.base import Surroundings
from synthempathy.scorers.params import Scorer


def scorer(labelled: Path, model: Path, metrics: Path, calibration: Path, confusion: Path, *, params: Path) -> None:
    """Read, learn, judge by folds of posts (scorer.folds, scorer.seed) and by author, write."""
    file = read_params(params)
    settings = file.section("scorer", Scorer)
    domain = read_domain(params)
    rubric = domain.rubric
    around = Surroundings(
        file.section("machine", Machine), file.prompts / "judge", rubric=rubric,
        cues=domain_path(params).parent / "cues.yaml", wording=domain.wording,
    )
    from synthempathy.scorers.about import about
    from synthempathy.scorers.examining import examine, steps
    from synthempathy.scorers.labelled import check_enough
    from synthempathy.scorers.sources import read_labelled

    found = read_labelled(labelled, params.parent / settings.also, dimensions=rubric.names)
    check_enough(found.pairs, settings.folds, labelled)
    with progress("scorer", steps(found.pairs, settings)) as advance:
        examined = examine(found.pairs, settings, around, advance=advance)
    figures, own = examined.metrics(), examined.scorer.self_agreement()
    report = figures | ({"self_agreement": own} if own else {}) | {"kind": settings.kind} | found.report()
    examined.scorer.about = about(settings, found, figures, domain.language)
    with written_whole(model, metrics, calibration, confusion) as (model_part, metrics_part, calibration_part, confusion_part):
        examined.scorer.save(model_part)
        write_json(metrics_part, report)
        examined.predictions.write_calibration(calibration_part)
        examined.predictions.write_confusion(confusion_part)
    say(f"scorer: {len(found.pairs)} labelled pairs; {settings.kind}; macro-F1 unseen: {_shown(figures, rubric.names)}")


def _shown(figures: dict[str, Any], dimensions: Sequence[str]) -> str:
    """Macro-F1 by dimension, in cross-validation and on authors who were left out."""
    named = {"cross-validated": figures, "of an author it never read": figures.get("leave_one_author_out", {})}
    return "; ".join(
        what + "".join(f" {m} {found[m]['macro_f1']:.3f}" for m in dimensions) for what, found in named.items() if found
    )


if __name__ == "__main__":
    run_stage(
        scorer,
        {
            "labelled": "labelled pairs: a CSV with explanation, response, a column for each dimension, and rationales",
            "model": "the scorer (folder, written)",
            "metrics": "agreement with the labels, cross-validated (JSON, written)",
            "calibration": "how often the scorer is right, by how sure it is (CSV, written)",
            "confusion": "pairs by label and by the level that the scorer named (CSV, written)",
        },
        doc=__doc__,
        optional=("calibration", "confusion"),
    )
