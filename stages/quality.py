"""quality: how often the filter's rules are right, measured on labelled examples that nothing was trained on.

    python -m stages.quality data/safety/held_out.csv data/safety/unseen models/safety metrics/filter_quality.json

Each text is put in its field of a pair whose other field is harmless, and all rules on content read it: lexicons,
patterns, and the classifier. Every topic is looked for, whatever params.yaml's policy does with it.
For each reason: rows (texts that must be found), recall, precision and f1; false_alarms are texts that must pass and
did not. A reason that an example's `also` names is neither right nor wrong there.
`unseen` is the harder measure: hate and its harmless neighbours by authors who saw no rule and no other text, and who teach
nothing. Of each author, and of all: rows that are hateful and the share of them that is called offensive
(recall), rows that must pass (passing) and the share of them that is (false).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from synthempathy.core.command import run_stage
from synthempathy.core.errors import InputError
from synthempathy.core.files import write_json
from synthempathy.core.params import read_params
from synthempathy.core.progress import progress, say
from synthempathy.filters.base import Check
from synthempathy.filters.classifier.figures import of_authors
from synthempathy.filters.classifier.templates import REASON, read_kinds
from synthempathy.filters.examples import MEASURED, Example, pair_of, read_examples
from synthempathy.filters.judging import checks_in_order, verdicts_on
from synthempathy.filters.params import Filter
from synthempathy.filters.rules.topics import TOPICS

SEED = 1  # of the groups and fields that are drawn for unseen texts
NEUTRAL = "The morning was long."  # what stands in the other field


def quality(examples: Path, unseen: Path, model: Path, metrics: Path, *, params: Path) -> None:
    """Read, judge, count, write."""
    settings = read_params(params).section("filter", Filter)
    rows, hate = read_examples(examples, MEASURED), read_kinds(unseen, SEED)
    if len({bool(row.reason) for row in hate}) < 2:
        raise InputError("no text that is hateful, or none that must pass", file=unseen, field="kinds")
    checks = checks_in_order(looking_for_all(settings, model))
    found: list[frozenset[str]] = []
    with progress("quality", len(rows) + len(hate)) as advance:
        for row in [*rows, *hate]:
            found.append(reasons_found(row, checks))
            advance()
    by_outsiders = of_authors(hate, [REASON in reasons for reasons in found[len(rows):]], REASON)
    write_json(metrics, {**figures(rows, found[: len(rows)], examples), "unseen": by_outsiders})
    of_all = by_outsiders["all"]
    say(f"quality: {len(found)} examples judged; of unseen hate {of_all['recall']:.0%} is found, of what stands beside it"
        f" {of_all['false']:.0%} wrongly taken; see {metrics}")


def looking_for_all(settings: Filter, model: Path) -> Filter:
    """`settings` with every topic looked for in both fields, and the classifier in `model`."""
    seen = {"explanation": "review", "response": "review"}
    changes: dict[str, Any] = {
        "topics": {topic: seen for topic in TOPICS}, "personal_data": "drop",
        "no_pointer_to_help": "keep", "answers_someone_else": "keep",
        "classifier": settings.classifier.model_dump() | {
            "enabled": True, "model": str(model), "transformer": settings.classifier.transformer.model_dump() | {"model": None},
        },
    }
    return Filter.model_validate(settings.model_dump() | changes)


def reasons_found(example: Example, checks: tuple[Check, ...]) -> frozenset[str]:
    """The measured reasons that `checks` give for the example's text, without what is done about it."""
    verdicts = verdicts_on(pair_of(example, otherwise=NEUTRAL), checks)
    found = {verdict.reason.removeprefix("sensitive_").removeprefix("review_") for verdict in verdicts}
    return frozenset(found & set(MEASURED))


def figures(rows: Sequence[Example], found: Sequence[frozenset[str]], source: Path) -> dict[str, object]:
    """The metrics. InputError if a measured reason has no example, because its recall would be no figure."""
    wanted, right, wrong = Counter[str](), Counter[str](), Counter[str]()
    passing = alarms = 0
    for row, reasons in zip(rows, found, strict=True):
        unwanted = reasons - row.reasons
        wrong.update(unwanted)
        if row.reason:
            wanted[row.reason] += 1
            right[row.reason] += row.reason in reasons
        else:
            passing += 1
            alarms += bool(unwanted)
    missing = next((reason for reason in MEASURED if not wanted[reason]), None)
    if missing is not None or not passing:
        raise InputError(f"no example of {missing or 'a text that must pass'}", file=source, field="reason")
    return {
        "examples": len(rows), "must_pass": passing, "false_alarms": alarms,
        "reasons": {reason: _agreement(wanted[reason], right[reason], wrong[reason]) for reason in MEASURED},
    }


def _agreement(wanted: int, right: int, wrong: int) -> dict[str, float]:
    recall, precision = right / wanted, right / (right + wrong) if right + wrong else 0.0
    f1 = 2 * recall * precision / (recall + precision) if right else 0.0
    return {"rows": wanted, "recall": recall, "precision": precision, "f1": f1}


if __name__ == "__main__":
    run_stage(
        quality,
        {
            "examples": "held-out labelled examples: text, field, reason, also, note (CSV)",
            "unseen": "hate by kinds, of authors who teach nothing (folder of YAML)",
            "model": "the classifier (folder)",
            "metrics": "recall and precision by reason (JSON, written)",
        },
        doc=__doc__,
    )
