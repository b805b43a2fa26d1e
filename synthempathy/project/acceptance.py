"""What scorer and filter are worth on texts that people wrote: on public data sets that you have, none of which is here.

    synthempathy acceptance --epitome FOLDER --hatecheck test_suite_cases.csv --tweets labeled_data.csv

--epitome    EPITOME's three CSVs (Sharma et al., EMNLP 2020): macro-F1 of the saved scorer by mechanism, and its rank correlation
             with people; with --train also of scorers that learned from them as the stage does, unseen (whole posts in one fold)
--hatecheck  HateCheck's cases (Roettger et al., ACL 2021), functionality, test_case, label_gold, ...: the share that the filter
             rejects or holds as responses, by functionality
--tweets     tweets labelled by Davidson et al. (ICWSM 2017), class, tweet, ...: the same share by class
These texts were never looked at when the project's own were written: what is printed here does not flatter.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from synthempathy.core.errors import InputError
from synthempathy.core.files import read_csv
from synthempathy.core.params import ParamsFile, read_params
from synthempathy.core.progress import progress, say, tell
from synthempathy.filters.examples import MEASURED, Example, pair_of
from synthempathy.filters.params import Filter
from synthempathy.llm.params import Machine
from synthempathy.scorers import epitome
from synthempathy.scorers.base import Surroundings
from synthempathy.scorers.params import Scorer
from synthempathy.scorers.sources import read_labelled

if TYPE_CHECKING:
    from synthempathy.scorers.validation import Predictions

HATEFUL, HARMLESS = "hateful", "non-hateful"
TWEET_CLASSES = {"0": "hate", "1": "offensive", "2": "neither"}
OTHERWISE = "The morning was long."  # what stands in the pair's other field

#: A text, and the names under which its rate is counted.
Labelled = tuple[str, tuple[str, ...]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("--epitome", type=Path, help="folder with EPITOME's three CSVs")
    parser.add_argument("--hatecheck", type=Path, help="HateCheck's test_suite_cases.csv")
    parser.add_argument("--tweets", type=Path, help="labeled_data.csv of Davidson et al.")
    parser.add_argument("--train", action="store_true", help="also learn from EPITOME, by params.yaml's scorer, and judge unseen")
    parser.add_argument("--scorer", type=Path, default=Path("models/scorer"), help="folder of a scorer; default: models/scorer")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="what the filter and --train go by")


def run(given: argparse.Namespace) -> None:
    """Print a table for each data set that is named."""
    if not (given.epitome or given.hatecheck or given.tweets):
        raise InputError("no data set is named", hint="name one: --epitome FOLDER, --hatecheck CSV, --tweets CSV")
    params = read_params(given.params)
    if given.epitome:
        _epitome(given.epitome, given.scorer, params, train=given.train)
    for title, path, reader in (("HateCheck", given.hatecheck, hatecheck), ("Tweets", given.tweets, tweets)):
        if path:
            cases = reader(path)
            tell(f"{title}: share of responses that the filter rejects or holds; called offensive, of all; cases")
            for name, (found, offensive, count) in rates(cases, params.section("filter", Filter)).items():
                tell(f"  {name:32} {found:.3f}   {offensive:.3f}   {count}")


def hatecheck(path: Path) -> list[Labelled]:
    """HateCheck's cases, each under its label and its functionality. InputError names the line of another label."""
    cases: list[Labelled] = []
    for line, row in read_csv(path, ("functionality", "test_case", "label_gold")):
        if row["label_gold"] not in (HATEFUL, HARMLESS):
            raise InputError(
                "unknown", file=path, line=line, field="label_gold", value=row["label_gold"], hint=f"{HATEFUL} or {HARMLESS}",
            )
        cases.append((row["test_case"], (row["label_gold"], row["functionality"])))
    return cases


def tweets(path: Path) -> list[Labelled]:
    """The tweets, each under the class that most people gave it. InputError names the line of another class."""
    found: list[Labelled] = []
    for line, row in read_csv(path, ("class", "tweet")):
        if row["class"] not in TWEET_CLASSES:
            raise InputError(
                "unknown", file=path, line=line, field="class", value=row["class"], hint="0 hate, 1 offensive, 2 neither",
            )
        found.append((row["tweet"], (TWEET_CLASSES[row["class"]],)))
    return found


def rates(cases: Sequence[Labelled], settings: Filter) -> dict[str, tuple[float, float, int]]:
    """By name: the share of texts that the rules on content reject or hold as responses, the share called offensive, the texts.

    Rules on form (a text's length, say) are left out: these texts are no answers to a person. In order of appearance.
    """
    from synthempathy.filters.judging import checks_in_order, verdicts_on

    checks = checks_in_order(settings)
    counts: dict[str, list[int]] = {}
    with progress("acceptance", len(cases)) as advance:
        for text, names in cases:
            pair = pair_of(Example(text, "response", "", frozenset()), otherwise=OTHERWISE)
            reasons = {one.reason.removeprefix("sensitive_").removeprefix("review_") for one in verdicts_on(pair, checks)}
            for name in names:
                count = counts.setdefault(name, [0, 0, 0])
                count[0] += bool(reasons & set(MEASURED))
                count[1] += "offensive" in reasons
                count[2] += 1
            advance()
    return {name: (found / of, offensive / of, of) for name, (found, offensive, of) in counts.items()}


def _epitome(folder: Path, saved: Path, params: ParamsFile, *, train: bool) -> None:
    from synthempathy.scorers.kinds import load_scorer
    from synthempathy.scorers.validation import predict

    settings, around = params.section("scorer", Scorer), Surroundings(params.section("machine", Machine))
    found = read_labelled(folder, dimensions=tuple(epitome.FILES))
    say(f"acceptance: {len(found.pairs)} pairs of EPITOME")
    tell("EPITOME: macro-F1 (F1 of levels 0, 1, 2), rank correlation with people")
    _show("as it is", predict(load_scorer(saved, around), found.pairs))
    if train:
        from synthempathy.scorers.examining import examine, steps

        settings = _as_learned(settings)
        with progress("acceptance", steps(found.pairs, settings)) as advance:
            examined = examine(found.pairs, settings, around, advance=advance)
        _show("learned from it", examined.predictions)


def _as_learned(settings: Scorer) -> Scorer:
    """With the levels taken to be as frequent as in what is learned from."""
    changes = {kind: getattr(settings, kind).model_copy(update={"shares": None}) for kind in ("linear", "embeddings")}
    return settings.model_copy(update=changes)


def _show(title: str, predictions: Predictions) -> None:
    import numpy as np
    from scipy.stats import spearmanr

    figures = predictions.metrics()
    cells = []
    for m in predictions.levels:
        labels, _, likely = predictions.labelled(m)
        together = float(spearmanr(labels, likely @ np.arange(3.0)).statistic)
        one = figures[m]
        cells.append(f"{m.upper()} {one['macro_f1']:.3f} ({one['f1_0']:.2f} {one['f1_1']:.2f} {one['f1_2']:.2f}) {together:.2f}")
    tell(f"  {title:16} {'   '.join(cells)}")
