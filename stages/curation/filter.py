"""filter: drop pairs that break a rule, hold back those that someone must look at, and keep the rest.

    python -m stages.curation.filter data/responses.jsonl data/review/decisions.csv data/corpus.jsonl \\
        data/rejected.jsonl metrics/filter.json

The rules and their order stand in stages/curation/rules/order.py. A rejected row carries the reason of the first
rule that spoke, the evidence (detail), the reasons of all others (also), and its content_hash: copy id and
content_hash to decisions.csv with decision keep or drop to overrule the rules.
The metrics count what was dropped by reason, kept_by_decision (pairs that a rule would have rejected), and
stale_decisions (decisions that cover no pair of this input, because it is gone or was made anew).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from stages.common.command import run_stage
from stages.common.errors import InputError, ParamsError
from stages.common.files import write_json, written_whole
from stages.common.ledger import Ledger
from stages.common.params import load_params
from stages.common.progress import progress, say
from stages.common.records import Pair, dump_records, read_records
from stages.common.sections import Filter
from stages.curation.decisions import Decision, content_hash, read_decisions
from stages.curation.rules.order import DECISION, REASONS, rules_in_order
from stages.curation.rules.verdict import Rule, Verdict

ADVANCE_EVERY = 500  # rows


def filter_pairs(
    responses: Path, decisions: Path, corpus: Path, rejected: Path, metrics: Path, *, params: Path
) -> None:
    """Read pairs and decisions, write corpus, rejected rows and metrics; see the module's docstring.

    Raises InputError for bad input, and if no pair is left: earlier outputs then stay as they were.
    """
    settings = load_params(params).filter
    _check_bounds(settings, params)
    rules = rules_in_order(settings)
    decided = read_decisions(decisions)
    pairs = read_records(responses, Pair)

    ledger = Ledger("filter", len(pairs), REASONS)
    kept: list[Pair] = []
    dropped: list[dict[str, Any]] = []
    used = kept_by_decision = 0
    with progress("filter", len(pairs)) as advance:
        for number, pair in enumerate(pairs, start=1):
            verdicts = verdicts_on(pair, rules)
            decision = decided.get((pair.id, content_hash(pair))) if decided else None
            used += decision is not None
            if decision is None and not verdicts:
                kept.append(pair)
            elif decision is not None and decision.keep:
                kept.append(pair)
                kept_by_decision += bool(verdicts)
            else:
                row = _rejected(pair, verdicts, decision)
                ledger.drop(row["reason"])
                dropped.append(row)
            if number % ADVANCE_EVERY == 0 or number == len(pairs):
                advance((number - 1) % ADVANCE_EVERY + 1)

    if not kept:
        raise _nothing_left(dropped, responses)
    counts = ledger.close(rows_out=len(kept))
    counts |= {"stale_decisions": len(decided) - used, "kept_by_decision": kept_by_decision}
    with written_whole(corpus, rejected, metrics) as (corpus_part, rejected_part, metrics_part):
        dump_records(corpus_part, kept)
        dump_records(rejected_part, dropped)
        write_json(metrics_part, counts)
    say(f"filter: {len(pairs)} pairs in, {len(kept)} out ({_most_common(dropped)})")


def verdicts_on(pair: Pair, rules: tuple[Rule, ...]) -> list[Verdict]:
    """What the rules say of `pair`, in their order; empty for a good pair."""
    return [verdict for rule in rules if (verdict := rule(pair)) is not None]


def _check_bounds(settings: Filter, params: Path) -> None:
    for field in ("explanation", "response"):
        least, most = getattr(settings, f"{field}_min_words"), getattr(settings, f"{field}_max_words")
        if least > most:
            raise ParamsError(
                f"above filter.{field}_max_words {most}", file=params, field=f"filter.{field}_min_words", value=least,
                way_out="lower one or raise the other",
            )


def _rejected(pair: Pair, verdicts: list[Verdict], decision: Decision | None) -> dict[str, Any]:
    reasons = [verdict.reason for verdict in verdicts]
    if decision is not None:
        reason, detail, also = DECISION, decision.why, reasons
    else:
        reason, detail, also = reasons[0], verdicts[0].detail, reasons[1:]
    return {**pair.dropped(reason, detail), "also": also, "content_hash": content_hash(pair)}


def _most_common(dropped: list[dict[str, Any]]) -> str:
    counts = Counter(row["reason"] for row in dropped)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{reason} {times}" for reason, times in ordered) or "nothing dropped"


def _nothing_left(dropped: list[dict[str, Any]], responses: Path) -> InputError:
    commonest = _most_common(dropped).split(",")[0]
    return InputError(
        f"no pair of {len(dropped)} passes the rules, the commonest reason is {commonest}", file=responses,
        way_out="look at the rows, or change the filter section of params.yaml",
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
        },
        doc=__doc__,
    )
