"""Compare the scores of two evaluations: what changed, and whether the change is significant.

    synthempathy compare main workspace
    synthempathy compare prompt-plain prompt-coe_cbt --system corpus --md
    synthempathy compare before.jsonl data/evaluation.jsonl
    synthempathy compare main workspace --html compare.html

A and B are git revisions, names of DVC experiments, the word `workspace`, or evaluation files (data/evaluation.jsonl,
metrics/<domain>_scores.csv). Revisions are read from metrics/<domain>_scores.csv in git: no data is fetched. Rows pair
where both answered the same explanation under the same id; differences are B minus A, on the scale 0 to 2. Of tuned
models each side is one training: their differences count from --training-noise on (0.2, from trainings of the embedded
model that differed in a seed alone).

--html writes a page beside what is printed: one file, without scripts, that opens from disk. It shows the prompt's diff, the
parameters and metrics that changed, and the responses that changed most, side by side with their words marked. Texts come
from data/evaluation.jsonl of each version: the workspace, or DVC's cache. Where the cache lacks them the page says how to get
them, and shows the rest.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from synthempathy.core.progress import say
from synthempathy.evaluation.differences import (
    FEWEST_PAIRS,
    TRAINING_NOISE,
    Difference,
    paired_differences,
    seeds_needed,
    unpaired_differences,
)
from synthempathy.evaluation.score_table import (
    ScoredResponse,
    chosen_systems,
    paired,
    read_scores,
    rows_of,
    systems_in_both,
)
from synthempathy.evaluation.systems import BASE, CORPUS
from synthempathy.versions.changed import ROWS
from synthempathy.versions.compared import Compared

CHANGED_SCORE = 0.01  # the same response scored this much apart was scored by a changed scorer
UNTRAINED = (BASE, CORPUS)  # systems that no training of ours stands behind
HEADER = ("", "A", "B", "B - A", "95% interval", "p", "")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("first", metavar="A", help="revision, experiment, `workspace`, or file")
    parser.add_argument("second", metavar="B", help="the same, compared with it")
    parser.add_argument(
        "--system", "--arm", dest="systems", metavar="NAME", action="append", default=[],
        help="whose responses; default: corpus and tuned",
    )
    parser.add_argument("--unpaired", action="store_true", help="compare the means of all rows, paired or not")
    parser.add_argument(
        "--training-noise", type=float, default=TRAINING_NOISE,
        help=f"differences of tuned models count from here on; default: {TRAINING_NOISE}",
    )
    parser.add_argument("--md", action="store_true", help="print Markdown")
    parser.add_argument("--html", type=Path, metavar="PAGE", help="write a page of all that changed, texts included")
    parser.add_argument(
        "--rows", type=_rows, default=ROWS, metavar="N", help=f"of the page: responses shown by each score; default: {ROWS}",
    )


def run(given: argparse.Namespace) -> None:
    """Print the comparison; write its page where one is wanted."""
    compared, remarks = _compared(given.first, given.second, given.systems, given.unpaired, given.training_noise)
    print(_text(given.first, given.second, compared, remarks, given.md))
    if given.html:
        from synthempathy.versions.page import write_page

        write_page(given.html, (given.first, given.second), compared, remarks, rows=given.rows)
        say(f"compare: {given.html} opens in a browser")


def _rows(word: str) -> int:
    number = int(word)
    if not 1 <= number <= 1000:
        raise argparse.ArgumentTypeError("1 to 1000")
    return number


def compare(
    first: str, second: str, *, systems: Sequence[str] = (), unpaired: bool = False, markdown: bool = False,
    noise: float = TRAINING_NOISE,
) -> str:
    """The comparison as text, or as Markdown. `noise` is the floor of trained models' differences."""
    compared, remarks = _compared(first, second, systems, unpaired, noise)
    return _text(first, second, compared, remarks, markdown)


def _compared(
    first: str, second: str, systems: Sequence[str], unpaired: bool, noise: float,
) -> tuple[list[Compared], list[str]]:
    """What is found of each system, and remarks on all of them."""
    rows = read_scores(first), read_scores(second)
    there = systems_in_both(*rows)
    sides = {name: (rows_of(name, rows[0]), rows_of(name, rows[1])) for name in there}
    found = [
        _system(name, *sides[name], floor=0.0 if name in UNTRAINED else noise, unpaired=unpaired)
        for name in chosen_systems(systems, there)
    ]
    return found, _changed_scorer(list(sides.values()))


def _text(first: str, second: str, compared: Sequence[Compared], remarks: Sequence[str], markdown: bool) -> str:
    parts = [f"A is `{first}`, B is `{second}`." if markdown else f"A: {first}\nB: {second}"]
    for one in compared:
        title = f"**{one.system}**" if markdown else one.system
        table = [_table(one.differences, markdown)] if one.differences else []
        parts.append(("\n\n" if markdown else "\n").join([f"{title}: {one.heading}", *table, *one.sentences]))
    return "\n\n".join([*parts, *remarks])


def _system(
    name: str, first: list[ScoredResponse], second: list[ScoredResponse], *, floor: float, unpaired: bool,
) -> Compared:
    """The comparison of one system."""
    if unpaired:
        found = unpaired_differences(first, second, floor=floor)
        heading = f"{len(first)} responses in A and {len(second)} in B, taken as independent"
        return Compared(name, heading, found, [_in_words(found)], first, second)
    pairing = paired(first, second)
    seeds = len({row.seed_id for row, _ in pairing.pairs})
    heading = (
        f"{len(pairing.pairs)} pairs of {seeds} seeds in both ({pairing.only_first} only in A, "
        f"{pairing.only_second} only in B, {pairing.other_explanation} with another explanation)"
    )
    if len(pairing.pairs) < FEWEST_PAIRS:
        heading += f": fewer than {FEWEST_PAIRS}, too few to compare. Try --unpaired."
        return Compared(name, heading, [], [], first, second)
    found = paired_differences(pairing.pairs, floor=floor)
    lines = [_in_words(found)]
    needed = seeds_needed(len(found) - 1)  # the last is their mean
    if seeds < needed:
        lines.append(f"With {seeds} seeds no difference can be significant; {needed} are needed.")
    words = [sum(pair[side].words for pair in pairing.pairs) / len(pairing.pairs) for side in (0, 1)]
    same = sum(a.response == b.response for a, b in pairing.pairs)
    lines.append(f"Words per response: {words[0]:.0f} and {words[1]:.0f}. Responses that are the same word for word: {same}.")
    return Compared(name, heading, found, lines, first, second)


def _changed_scorer(sides: Sequence[tuple[list[ScoredResponse], list[ScoredResponse]]]) -> list[str]:
    """A line where responses that did not change, of any system, have other scores: then the scorer did."""
    same = [(a, b) for side in sides for a, b in paired(*side).pairs if a.response == b.response]
    moved = sum(abs(a.whole - b.whole) > CHANGED_SCORE for a, b in same)
    if not moved:
        return []
    return [
        f"The scorer changed: it gives {moved} of {len(same)} responses that are the same in A and B another score, "
        "so the differences are partly its own."
    ]


def _in_words(found: Sequence[Difference]) -> str:
    significant = ", ".join(
        f"{_name(one)} is {abs(one.difference):.2f} {'higher' if one.difference > 0 else 'lower'}"
        for one in found if one.significant
    )
    others = ", ".join(_name(one) for one in found if not one.significant)
    if not significant:
        return "No difference is significant."
    return f"Significant: in B {significant}." + (f" Not significant: {others}." if others else "")


def _name(one: Difference) -> str:
    return "their mean" if one.is_whole else one.score.upper()


def _table(found: Sequence[Difference], markdown: bool) -> str:
    rows = [HEADER, *(_row(one) for one in found)]
    if markdown:
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        return "\n".join([lines[0], "|" + "---|" * len(HEADER), *lines[1:]])
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADER))]
    return "\n".join("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
                     for row in rows)


def _row(one: Difference) -> tuple[str, ...]:
    ends = "one seed" if one.low is None or one.high is None else f"{one.low:+.2f} to {one.high:+.2f}"
    name = "mean" if one.is_whole else one.score.upper()
    return name, f"{one.first:.2f}", f"{one.second:.2f}", f"{one.difference:+.2f}", ends, f"{one.p:.4f}", one.verdict
