"""compare: what changed in empathy between two evaluations, and whether it is more than noise.

    python -m synthempathy.evaluation.compare main workspace
    python -m synthempathy.evaluation.compare prompt-plain prompt-coe_cbt --arm corpus --md
    python -m synthempathy.evaluation.compare before.jsonl data/evaluation.jsonl

A and B are git revisions, names of DVC experiments, the word `workspace`, or evaluation files (data/evaluation.jsonl,
metrics/empathy_scores.csv). Revisions are read from metrics/empathy_scores.csv in git: no data is fetched. Rows pair
where both answered the same explanation under the same id; differences are B minus A, on the scale 0 to 2. Of tuned
models each side is one training: their differences count from --training-noise on (0.2, from trainings of the embedded
model that differed in a seed alone).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from synthempathy.core.command import guarded

if TYPE_CHECKING:
    from synthempathy.evaluation.differences import Difference
    from synthempathy.evaluation.scored import Scored

FEWEST = 10  # pairs, under which nothing is said of them
OTHER_SCORE = 0.01  # the same response scored this much apart was scored by another scorer

UNTRAINED = ("base", "corpus")  # arms that no training of ours stands behind

HEADER = ("", "A", "B", "B - A", "95% interval", "p", "")


def compare(
    first: str, second: str, *, arms: Sequence[str], unpaired: bool, markdown: bool, noise: float | None = None,
) -> str:
    """The comparison as text, or as Markdown. `noise` is the floor of trained models' differences; None: the usual one."""
    from synthempathy.evaluation.differences import TRAINING_NOISE
    from synthempathy.evaluation.scored import arm_rows, arms_in, default_arms, missing_arm, read_scored

    rows = read_scored(first), read_scored(second)
    there = arms_in(*rows)
    wanted = arms or default_arms(there)
    missing = next((arm for arm in wanted if arm not in there), None)
    if missing or not wanted:
        raise missing_arm(missing, there)
    parts = [f"A is `{first}`, B is `{second}`." if markdown else f"A: {first}\nB: {second}"]
    sides = {arm: (arm_rows(rows[0], arm), arm_rows(rows[1], arm)) for arm in there}
    noise = TRAINING_NOISE if noise is None else noise
    floors = {arm: 0.0 if arm in UNTRAINED else noise for arm in wanted}
    parts += [_arm(arm, *sides[arm], floor=floors[arm], unpaired=unpaired, markdown=markdown) for arm in wanted]
    return "\n\n".join([*parts, *_other_scorer(list(sides.values()))])


def _arm(
    arm: str, first: list[Scored], second: list[Scored], *, floor: float, unpaired: bool, markdown: bool,
) -> str:
    from synthempathy.evaluation.differences import paired_differences, seeds_needed, unpaired_differences
    from synthempathy.evaluation.scored import paired

    pairing = paired(first, second)
    seeds = len({row.seed_id for row, _ in pairing.pairs})
    left = (
        f"{pairing.only_first} only in A, {pairing.only_second} only in B, "
        f"{pairing.other_explanation} with another explanation"
    )
    title = f"**{arm}**" if markdown else arm
    lines = [f"{title}: {len(pairing.pairs)} pairs of {seeds} seeds in both ({left})"]
    if unpaired:
        lines = [f"{title}: {len(first)} responses in A and {len(second)} in B, taken as unrelated"]
        found = unpaired_differences(first, second, floor=floor)
    elif len(pairing.pairs) < FEWEST:
        return f"{lines[0]}: fewer than {FEWEST}, nothing can be said of them. Try --unpaired."
    else:
        found = paired_differences(pairing.pairs, floor=floor)
    lines.append(_table(found, markdown))
    lines.append(_in_words(found))
    if not unpaired:
        if seeds < seeds_needed():
            lines.append(f"With {seeds} seeds no difference can show as more than noise; {seeds_needed()} are needed.")
        words = [sum(pair[side].words for pair in pairing.pairs) / len(pairing.pairs) for side in (0, 1)]
        same = sum(a.response == b.response for a, b in pairing.pairs)
        lines.append(f"Words a response: {words[0]:.0f} and {words[1]:.0f}. The same response word for word: {same}.")
    return ("\n\n" if markdown else "\n").join(lines)


def _other_scorer(sides: Sequence[tuple[list[Scored], list[Scored]]]) -> list[str]:
    """A line where responses that did not change, of any arm, have other scores: then the scorer did."""
    from synthempathy.evaluation.scored import paired

    same = [(a, b) for side in sides for a, b in paired(*side).pairs if a.response == b.response]
    moved = sum(abs(a.empathy - b.empathy) > OTHER_SCORE for a, b in same)
    if not moved:
        return []
    return [
        f"The scorer is another: of {len(same)} responses that are the same in A and B it scores {moved} otherwise, "
        "so its change is part of the differences."
    ]


def _in_words(found: Sequence[Difference]) -> str:
    real = [one for one in found if one.real]
    noise = [one.score.upper() if one.score != "empathy" else "their mean" for one in found if not one.real]
    if not real:
        return "No difference is more than noise."
    told = ", ".join(
        f"{one.score.upper() if one.score != 'empathy' else 'their mean'} is {abs(one.difference):.2f} "
        f"{'higher' if one.difference > 0 else 'lower'}" for one in real
    )
    return f"More than noise: in B {told}." + (f" No more than noise: {', '.join(noise)}." if noise else "")


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
    name = one.score.upper() if one.score != "empathy" else "mean"
    return name, f"{one.first:.2f}", f"{one.second:.2f}", f"{one.difference:+.2f}", ends, f"{one.p:.4f}", one.verdict


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m synthempathy.evaluation.compare", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("first", metavar="A", help="revision, experiment, `workspace`, or file")
    parser.add_argument("second", metavar="B", help="the same, compared with it")
    parser.add_argument("--arm", action="append", default=[], help="whose responses; default: corpus and tuned")
    parser.add_argument("--unpaired", action="store_true", help="compare the means of all rows, paired or not")
    parser.add_argument("--training-noise", type=float, help="differences of tuned models count from here on; default: 0.2")
    parser.add_argument("--md", action="store_true", help="print Markdown")
    given = parser.parse_args()
    guarded(lambda: print(compare(
        given.first, given.second, arms=given.arm, unpaired=given.unpaired, markdown=given.md,
        noise=given.training_noise,
    )))


if __name__ == "__main__":
    main()
