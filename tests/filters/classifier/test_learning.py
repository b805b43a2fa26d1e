"""How the classifier is measured: no fold tells of an author whom it tests, and what is said of each author."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.filters.classifier.figures import LEAST_OF_AUTHOR, by_author
from synthempathy.filters.classifier.learning import _dealt, _folds, _Texts, fit
from synthempathy.filters.examples import Example
from tests.helpers.small_classifier import CONCEPTS, nothing, small_examples


def of(author: str, count: int, reason: str = "offensive") -> list[Example]:
    return [Example(f"{author} {reason} {k}", "response", reason, frozenset(), author=author) for k in range(count)]


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.integers(1, 900), min_size=2, max_size=20), st.integers(2, 6))
def test_authors_are_dealt_whole_and_evenly(wrote: dict[str, int], folds: int) -> None:
    found = _dealt(wrote, folds)
    assert found.keys() == wrote.keys() and set(found.values()) == set(range(min(folds, len(wrote))))
    sizes = [sum(wrote[author] for author, fold in found.items() if fold == one) for one in set(found.values())]
    assert max(sizes) - min(sizes) <= max(wrote.values())


def test_an_author_is_in_one_fold_with_all_that_he_wrote() -> None:
    examples = [text for author in "abcdefg" for text in (*of(author, LEAST_OF_AUTHOR + 2), *of(author, 5, ""))]
    few = of("few", LEAST_OF_AUTHOR - 1)
    is_so = np.array([example.reason == "offensive" for example in [*examples, *few]])
    fold, authors = _folds(_Texts([*examples, *few]), is_so, 5, 3)
    assert authors == 7 and set(fold) == set(range(5))
    assert all(len({n for n, e in zip(fold, examples, strict=False) if e.author == author}) == 1 for author in "abcdefg")


def test_each_author_has_his_own_figures() -> None:
    examples = [*of("a", 10), *of("a", 4, ""), *of("b", 10), *of("few", 9)]
    is_so = np.array([example.reason == "offensive" for example in examples])
    scores = np.array([0.9] * 8 + [0.1, np.nan] + [0.7, 0.1, 0.1, np.nan] + [0.2] * 10 + [0.9] * 9)
    found = by_author([*examples, *of("a", 1)], np.append(scores, 0.3), np.append(is_so, True))
    assert found == {
        "a": {"rows": 10, "recall": 0.8, "passing": 3, "false": 1 / 3}, "b": {"rows": 10, "recall": 0.0, "passing": 0},
    }


def test_what_only_measures_teaches_nothing_and_is_left_out_of_what_was_taught() -> None:
    texts = [f"The bus of {name} is late." for name in ("Ann", "Bob", "Eve")]
    only = [Example(text, "response", "offensive", frozenset(), weight=0.0) for text in texts]
    without, alone = fit(small_examples(), [], CONCEPTS, 3, 1, advance=nothing)
    with_them, both = fit([*small_examples(), *only], [], CONCEPTS, 3, 1, advance=nothing)
    assert "taught" not in alone["offensive"] and "taught" not in both["unsafe_advice"]
    assert both["offensive"]["rows"] == alone["offensive"]["rows"] + len(only)
    assert both["offensive"]["taught"]["rows"] == alone["offensive"]["rows"]
    assert both["offensive"]["recall"] < both["offensive"]["taught"]["recall"]
    insult = "What a moron you are, really."
    assert all("offensive" not in one.hits(texts[0], "response", 0.5) for one in (without, with_them))
    assert all("offensive" in one.hits(insult, "response", 0.5) for one in (without, with_them))
