"""The linear scorer beside a plain one: TF-IDF of words and characters of the response, logistic regression.

    python -m benchmarks.scorer

Both learn from the same pairs and are judged on pairs that they did not see (macro-F1):
  grouped       cross-validation, whole posts in one fold
  blocks        eight blocks of the file in its order, each judged by a scorer of the other seven (who wrote them differs)
  no rationales as grouped, without the rationales
  noisy         fewer rare levels (EPITOME's shares), one label in eight at random, a third of the rationales gone: a stand-in
                for a large set labelled by several people
  reddit style  learned from all labelled pairs, judged on tests/data/empathy/reddit_style.csv, which nothing learns from
`shares: null` is what is compared in the first four, because there the levels are as frequent as where they were learned.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from synthempathy.core.params import read_params
from synthempathy.scorers.base import Dimension, Integers, group_numbers
from synthempathy.scorers.labelled import LabelledPair
from synthempathy.scorers.linear.training import fit
from synthempathy.scorers.params import Scorer
from synthempathy.scorers.sources import read_labelled
from synthempathy.scorers.validation import agreement
from tests.helpers.empathy import AROUND, DIMENSIONS

ROOT = Path(__file__).parents[1]
SEED, FOLDS, BLOCKS = 31, 5, 8
NOISE, RATIONALES_LOST = 0.125, 0.33
#: The share of the pairs of each level that stays, so that levels become about as frequent as EPITOME's.
KEPT = {"er": (1, 0.75, 0.35), "ip": (1, 0.3, 1), "ex": (1, 0.25, 0.6)}
SETTINGS = read_params(ROOT / "params.yaml").section("scorer", Scorer).linear
AS_LEARNED = SETTINGS.model_copy(update={"shares": None})

Pairs = Sequence[LabelledPair]
Levels = dict[Dimension, Integers]
Judge = Callable[[Pairs, Pairs], Levels]
Parts = list[tuple[Integers, Integers]]


def plain(learn: Pairs, test: Pairs) -> Levels:
    """What is compared with: as papers on EPITOME do it."""
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=3, sublinear_tf=True)
    said, asked = [p.response for p in learn], [p.response for p in test]
    rows = sparse.hstack([v.fit_transform(said) for v in (words, characters)]).tocsr()
    new = sparse.hstack([v.transform(asked) for v in (words, characters)]).tocsr()
    return {
        m: LogisticRegression(C=4.0, class_weight="balanced", max_iter=2000).fit(rows, [p.levels[m] for p in learn]).predict(new)
        for m in DIMENSIONS
    }


def linear(learn: Pairs, test: Pairs) -> Levels:
    return fit(learn, AS_LEARNED, AROUND, seed=SEED).levels([p.explanation for p in test], [p.response for p in test])


def shipped(learn: Pairs, test: Pairs) -> Levels:
    return fit(learn, SETTINGS, AROUND, seed=SEED).levels([p.explanation for p in test], [p.response for p in test])


def across(pairs: Pairs, parts: Parts, judge: Judge) -> Levels:
    found: Levels = {m: np.zeros(len(pairs), dtype=np.intp) for m in DIMENSIONS}
    for learn, test in parts:
        for m, levels in judge([pairs[i] for i in learn], [pairs[i] for i in test]).items():
            found[m][test] = levels
    return found


def grouped(pairs: Pairs) -> Parts:
    numbers = group_numbers([p.explanation for p in pairs])
    return list(GroupKFold(FOLDS, shuffle=True, random_state=SEED).split(numbers, groups=numbers))


def blocks(pairs: Pairs) -> Parts:
    numbers = group_numbers([p.explanation for p in pairs])
    block = numbers * BLOCKS // (numbers.max() + 1)
    return [(np.flatnonzero(block != b), np.flatnonzero(block == b)) for b in range(BLOCKS)]


def noisy(pairs: Pairs) -> list[LabelledPair]:
    """See the module's docstring."""
    generator = np.random.default_rng(SEED)
    shares = SETTINGS.shares
    assert shares, "params.yaml gives EPITOME's shares"
    made: list[LabelledPair] = []
    for pair in pairs:
        kept = np.prod([KEPT[m][pair.levels[m] or 0] for m in DIMENSIONS])
        levels, rationales = dict(pair.levels), dict(pair.rationales)
        for m in DIMENSIONS:
            if generator.random() < NOISE:
                levels[m], rationales[m] = int(generator.choice(3, p=np.array(shares.of(m)) / sum(shares.of(m)))), ()
            if generator.random() < RATIONALES_LOST:
                rationales[m] = ()
        if generator.random() < kept:
            made.append(replace(pair, levels=levels, rationales=rationales))
    return made


def show(name: str, pairs: Pairs, levels: Levels) -> None:
    figures = {m: agreement(np.array([p.levels[m] for p in pairs]), levels[m]) for m in DIMENSIONS}
    cells = "   ".join(
        f"{m} {f['macro_f1']:.3f} ({f['f1_0']:.2f} {f['f1_1']:.2f} {f['f1_2']:.2f})" for m, f in figures.items()
    )
    print(f"{name:24} {cells}", flush=True)


def main() -> None:
    """The command line."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    pairs = read_labelled(ROOT / "data" / "empathy" / "labelled_pairs.csv", dimensions=DIMENSIONS).pairs
    reddit = read_labelled(ROOT / "tests" / "data" / "empathy" / "reddit_style.csv", dimensions=DIMENSIONS).pairs
    bare = [replace(p, rationales={m: () for m in DIMENSIONS}) for p in pairs]
    spoiled = noisy(pairs)
    print(f"{len(pairs)} labelled pairs, {len(spoiled)} noisy, {len(reddit)} in Reddit's style; macro-F1 (F1 of levels 0, 1, 2)")
    for name, data, parts in (
        ("grouped", pairs, grouped(pairs)), ("blocks", pairs, blocks(pairs)),
        ("no rationales", bare, grouped(bare)), ("noisy", spoiled, grouped(spoiled)),
    ):
        show(f"{name}, plain", data, across(data, parts, plain))
        show(f"{name}, linear", data, across(data, parts, linear))
    show("reddit style, plain", reddit, plain(pairs, reddit))
    show("reddit style, linear", reddit, linear(pairs, reddit))
    show("reddit style, shipped", reddit, shipped(pairs, reddit))


if __name__ == "__main__":
    main()
