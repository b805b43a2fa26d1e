"""A few word classes and examples, from which a classifier learns in a second."""

from __future__ import annotations

from functools import cache

from synthempathy.filters.classifier.concepts import Concepts
from synthempathy.filters.classifier.learning import fit
from synthempathy.filters.classifier.model import Classifier
from synthempathy.filters.examples import Example

CONCEPTS = Concepts({
    "insult": ["idiot", "moron", "loser*", "waste of space"], "drink": ["vodka", "wine"], "past": ["*ed", "went"],
})
INSULTS = ("idiot", "moron", "loser", "clown", "fool", "pig")
KIND = ("friend", "mother", "brother", "teacher", "nurse", "cook")


def nothing(*_: object) -> None:
    return None


def small_examples() -> list[Example]:
    rows = []
    for insult, kind in zip(INSULTS, KIND, strict=True):
        for frame in ("You are a {}.", "Honestly, you are such a {}.", "What a {} you are, really."):
            rows.append(Example(frame.format(insult), "response", "offensive", frozenset()))
            rows.append(Example(frame.format(kind), "response", "", frozenset()))
        for drink in ("vodka", "wine"):
            rows.append(Example(f"Drink {drink} with that {kind} tonight.", "response", "unsafe_advice", frozenset()))
            rows.append(Example(f"Please drink no {drink}, dear {kind}.", "response", "", frozenset()))
    return rows


def trained() -> Classifier:
    """Learned from `small_examples`."""
    return fit(small_examples(), [], CONCEPTS, folds=3, seed=1, advance=nothing)[0]


@cache
def small_classifier() -> Classifier:
    """The same, learned once for all tests."""
    return trained()
