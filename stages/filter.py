"""filter: drop pairs that break a rule, hold back those that someone must look at, and keep the rest.

    python -m stages.filter data/responses.jsonl data/review/decisions.csv data/corpus.jsonl \\
        data/rejected.jsonl metrics/filter.json data/review/queue.jsonl

The rules and their order stand in synthempathy/filters/judging.py. A rejected row carries the reason of the first rule
that spoke, the evidence (detail), the reasons of all others (also), and its content_hash. A row that only rules of review
spoke against is held: it is rejected as review_<reason>, and stands in the queue too, which `synthempathy review` shows;
what is decided there overrules the rules.
The metrics count what was dropped by reason, masked (pairs with personal data replaced, where params.yaml says so),
kept_by_decision (pairs that a rule would have rejected), and stale_decisions (decisions that cover no pair of this
input, because it is gone or was made anew).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from synthempathy.core.command import run_stage
from synthempathy.core.errors import InputError
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.ledger import Ledger
from synthempathy.core.params import read_params
from synthempathy.core.progress import progress, say
from synthempathy.core.records import Pair, dump_records, read_records
from synthempathy.domain.description import read_domain
from synthempathy.filters.decisions import Decision, content_hash, read_decisions
from synthempathy.filters.judging import DECISION, REASONS, Verdicts, judged, unasked
from synthempathy.filters.model_layers import are_named, read_by_models
from synthempathy.filters.params import Filter
from synthempathy.filters.queue import evidence_of, held
from synthempathy.filters.rules.personal_data import without_personal_data
from synthempathy.llm.params import Machine


def filter_pairs(
    responses: Path, decisions: Path, corpus: Path, rejected: Path, metrics: Path, queue: Path, *, params: Path
) -> None:
    """Read pairs and decisions, write corpus, rejected rows, metrics and queue; see the module's docstring.

    Raises InputError for bad input, and if no pair is left: earlier outputs then stay as they were.
    """
    file = read_params(params)
    settings = file.section("filter", Filter).model_copy(update={"wording": read_domain(params).wording})
    decided = read_decisions(decisions)
    given = read_records(responses, Pair)
    regions = settings.wording.phone_regions
    pairs = [without_personal_data(pair, regions) for pair in given] if settings.personal_data == "mask" else given
    counts = Counter(masked=sum(pair is not before for pair, before in zip(pairs, given, strict=True)))

    if silent := unasked(settings.wording):
        say(f"filter: no rule knows the words that these need in {settings.wording.language}: {', '.join(silent)}")

    verdicts: list[Verdicts] = []
    with progress("filter", len(pairs)) as advance:
        for chunk in judged(pairs, settings):
            verdicts += chunk
            advance(len(chunk))
    if are_named(settings):
        machine, prompts = file.section("machine", Machine), params.parent / "prompts" / "guard"
        verdicts = read_by_models(pairs, verdicts, settings, machine, prompts)

    ledger = Ledger("filter", len(pairs), REASONS)
    kept: list[Pair] = []
    dropped: list[dict[str, Any]] = []
    waiting: list[dict[str, Any]] = []
    for pair, found in zip(pairs, verdicts, strict=True):
        decision = decided.get((pair.id, content_hash(pair))) if decided else None
        counts["used"] += decision is not None
        if decision is not None and decision.what == "keep":
            kept.append(pair)
            counts["kept_by_decision"] += bool(found)
        elif found or (decision is not None and decision.what == "drop"):
            row = _rejected(pair, found, decision)
            ledger.drop(row["reason"])
            dropped.append(row)
            if row["reason"] != DECISION and found[0].action == "review":
                waiting.append(held(pair, found))
        else:
            kept.append(pair)

    if not kept:
        raise _nothing_left(dropped, responses)
    figures = ledger.close(rows_out=len(kept))
    figures |= {"masked": counts["masked"], "stale_decisions": len(decided) - counts["used"]}
    figures["kept_by_decision"] = counts["kept_by_decision"]
    with written_whole(corpus, rejected, metrics, queue) as (corpus_part, rejected_part, metrics_part, queue_part):
        dump_records(corpus_part, kept)
        dump_records(rejected_part, dropped)
        write_json(metrics_part, figures)
        dump_records(queue_part, waiting)
    say(f"filter: {len(pairs)} pairs in, {len(kept)} out ({_most_common(dropped)})")
    if waiting:
        say(f"filter: {len(waiting)} wait for a decision: synthempathy review")


def _rejected(pair: Pair, verdicts: Verdicts, decision: Decision | None) -> dict[str, Any]:
    reasons = [verdict.reason for verdict in verdicts]
    if decision is not None and decision.what == "drop":
        reason, detail, also = DECISION, decision.why, reasons
    else:
        reason, detail, also = reasons[0], verdicts[0].detail, reasons[1:]
    evidence = evidence_of(verdicts)
    return {**pair.dropped(reason, detail), "also": also, "evidence": evidence, "content_hash": content_hash(pair)}


def _most_common(dropped: list[dict[str, Any]]) -> str:
    counts = Counter(row["reason"] for row in dropped)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{reason} {times}" for reason, times in ordered) or "nothing dropped"


def _nothing_left(dropped: list[dict[str, Any]], responses: Path) -> InputError:
    commonest = _most_common(dropped).split(",")[0]
    return InputError(
        f"no pair of {len(dropped)} passes the rules, the commonest reason is {commonest}", file=responses,
        hint="look at the rows, or change the filter section of params.yaml",
    )


if __name__ == "__main__":
    run_stage(
        filter_pairs,
        {
            "responses": "pairs to filter (JSONL)",
            "decisions": "decisions of a person (CSV: id,content_hash,decision,reason,note)",
            "corpus": "where to write the pairs that pass (JSONL)",
            "rejected": "where to write the others, with reason and detail (JSONL)",
            "metrics": "where to write the counts (JSON)",
            "queue": "where to write the pairs that wait for a decision (JSONL)",
        },
        doc=__doc__, optional=("queue",),
    )
