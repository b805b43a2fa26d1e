"""The second layer: a classifier trained on labelled examples says what the lexicons miss.

A logistic regression per label over features of sentences (features.py), trained with scikit-learn by the stage `safety`
(learning.py) and kept without pickle. A text is as harmful as its most harmful window of three sentences, and a window is
judged half by its sentences together, half by the worst of them: harm may take two sentences, and one among harmless ones
must not drown. Most windows are done with after a quick look at each word and the one before it, the screen: only where the
weights of these make a hit possible is all of a window read.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from synthempathy.core.errors import ModelError
from synthempathy.filters.base import FIELDS, Field
from synthempathy.filters.classifier.concepts import Concepts
from synthempathy.filters.classifier.features import sentences, together, windows
from synthempathy.filters.classifier.keys import Keys, first_places, spread
from synthempathy.filters.classifier.reader import Reader
from synthempathy.filters.classifier.screen import SMOOTHING, Floats, Screen
from synthempathy.filters.params import SafetyThresholds

FORMAT = "synthempathy-safety-2"
_SETTINGS, _WEIGHTS = "safety.json", "weights.safetensors"

#: What the classifier can say: the reasons of rules on content, and the sensitive topics.
LABELS: tuple[str, ...] = tuple(SafetyThresholds.model_fields)
#: A label that means something in one field alone.
ONLY_IN: dict[str, Field] = {"unsafe_advice": "response", "medical_legal": "response"}

_UNKNOWN = -1  # the row of a feature that was not learned
LEAST_SHOWN = 0.01  # a lower score is not worth a hit
MOST_SHOWN = 1 - 1e-6  # so that a threshold of 1 silences a label
TELLING_WORDS = 3  # shown as evidence


@dataclass(frozen=True, slots=True)
class Hit:
    """One label's score (0 to 1) of a text, and the places (token numbers) of the words that tell most."""

    score: float
    places: tuple[int, ...]


@dataclass(frozen=True)
class Weights:
    """The numbers of a classifier: F features, L labels."""

    rarity: Floats  # (F,) inverse document frequency
    weights: Floats  # (F, L)
    intercepts: Floats  # (L,)
    slopes: Floats  # (L,) of the sigmoid that turns a margin into a score
    offsets: Floats  # (L,)
    screen_least: Floats  # (L,) below it a window is done with


class Classifier:
    """Scores texts by label. Made by `learning.fit` or `load_classifier`."""

    def __init__(self, reader: Reader, names: Sequence[str], numbers: Weights) -> None:
        """`names` are the features, in the order of the rows of `numbers`."""
        self.reader, self.concepts, self.names, self.numbers = reader, reader.concepts, list(names), numbers
        row = {name: row for row, name in enumerate(self.names)}
        self._rows = Keys(self.concepts, lambda name: row.get(name, _UNKNOWN), _UNKNOWN)
        self._weighed = (numbers.rarity[:, None] * numbers.weights).astype(np.float32)  # half the memory to be fetched
        self._squares = numbers.rarity**2
        self._screens = {
            field: Screen(field, partial(self._weigh, field=field), numbers.intercepts) for field in FIELDS
        }
        self._least: dict[Field, Floats] = {
            field: np.where([ONLY_IN.get(label, field) == field for label in LABELS], numbers.screen_least, np.inf)
            for field in FIELDS
        }

    def hits(self, raw: str, field: Field, least: float = LEAST_SHOWN) -> dict[str, Hit]:
        """The labels that score `least` or more in some window that the screen lets pass, by the most harmful one."""
        text = self.reader.read(raw)
        parts = sentences(text)
        possible = self.screened([sentence.tokens for sentence in parts], field) >= self._least[field]
        every = windows(len(parts))
        read: dict[tuple[tuple[str, ...], ...], range] = {}  # what is said again need not be read again
        for place in np.flatnonzero(possible.any(axis=1)):
            numbers = range(len(parts))[every[place]]
            read.setdefault(tuple(parts[number].tokens for number in numbers), numbers)
        if not read:
            return {}
        numbers_read = sorted(set(chain(*read.values())))
        spreads = [spread(parts[number].tokens, field, self._rows, parts[number].start) for number in numbers_read]
        single = [dict.fromkeys(row for row in rows if row != _UNKNOWN) for rows, _ in spreads]
        at = {number: place for place, number in enumerate(numbers_read)}
        members = np.array([[at[number] for number in numbers] for numbers in read.values()])
        whole = [together(single[place] for place in places) for places in members.tolist()]
        margins = self.margins([*single, *whole])
        worst = margins[members].max(axis=1)
        margins = (margins[len(single):] + worst) / 2
        scores = np.minimum(expit(margins * self.numbers.slopes + self.numbers.offsets), MOST_SHOWN)
        found: dict[str, Hit] = {}
        for column in np.flatnonzero((scores.max(axis=0) >= least) & (self._least[field] < np.inf)).tolist():
            window = int(scores[:, column].argmax())
            shares = self._weighed[list(whole[window]), column]
            first = together(first_places(*spreads[place]) for place in members[window])
            found[LABELS[column]] = Hit(float(scores[window, column]), _telling(shares, [first[row] for row in whole[window]]))
        return found

    def margins(self, read: Sequence[Collection[int]]) -> Floats:
        """(texts, L) how far texts with these features (rows of the weights) are on the harmful side, before the sigmoid."""
        counts = np.array([len(here) for here in read])
        rows = np.fromiter(chain(*read), dtype=np.intp, count=int(counts.sum()))
        margins = np.tile(self.numbers.intercepts, (len(read), 1))
        some = counts > 0
        starts = np.cumsum(counts[some]) - counts[some]
        if len(starts):
            lengths = np.sqrt(np.add.reduceat(self._squares[rows], starts) + SMOOTHING)
            margins[some] += np.add.reduceat(self._weighed.take(rows, axis=0), starts, axis=0) / lengths[:, None]
        return margins

    def screened(self, sentences_: Sequence[tuple[str, ...]], field: Field) -> Floats:
        """(windows, L) what the screen makes of each."""
        return self._screens[field].margins(sentences_)

    def save(self, folder: Path) -> None:
        """Write the classifier to `folder` (made if missing). Same classifier, same bytes."""
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        settings = {
            "format": FORMAT, "labels": LABELS, "concepts": self.concepts.table, "features": self.names,
            "words": self.reader.known,
        }
        text = json.dumps(settings, ensure_ascii=False, indent=0)
        (folder / _SETTINGS).write_text(text + "\n", encoding="utf-8")
        numbers = {name: value.astype(np.float32) for name, value in vars(self.numbers).items()}
        save_file(numbers, folder / _WEIGHTS)

    def _weigh(self, two: tuple[str, str], field: Field) -> Floats:
        """What the features of a word and the one before it weigh for each label, and their squared length."""
        rows = list(self._rows.local[field][two])
        return np.append(self._weighed[rows].sum(axis=0), self._squares[rows].sum())


def load_classifier(folder: Path) -> Classifier:
    """The classifier that was saved in `folder`. ModelError if there is none, or of another format."""
    hint = "run `dvc repro safety`, or set filter.classifier.enabled to false"
    if not (folder / _SETTINGS).is_file() or not (folder / _WEIGHTS).is_file():
        raise ModelError(f"{folder}: no safety classifier here; {hint}")
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        settings: dict[str, Any] = json.loads((folder / _SETTINGS).read_text(encoding="utf-8"))
        if settings["format"] != FORMAT or tuple(settings["labels"]) != LABELS:
            raise ModelError(f"{folder}: a classifier of another format or other labels; {hint}")
        numbers = Weights(**{name: value.astype(np.float64) for name, value in load_file(folder / _WEIGHTS).items()})
        reader = Reader(Concepts(settings["concepts"]), settings["words"])
        classifier = Classifier(reader, settings["features"], numbers)
    except (ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise ModelError(f"{folder}: the classifier cannot be read ({error}); {hint}") from None
    if numbers.weights.shape != (len(classifier.names), len(LABELS)):
        raise ModelError(f"{folder}: {_WEIGHTS} does not belong to {_SETTINGS}; {hint}")
    return classifier


def _telling(parts: NDArray[np.float32], places: list[int]) -> tuple[int, ...]:
    """The places whose features weigh most towards the label, in the order of the text."""
    weight: dict[int, float] = {}
    for part, place in zip(parts.tolist(), places, strict=True):
        weight[place] = weight.get(place, 0.0) + part
    strongest = sorted(weight, key=lambda place: (-weight[place], place))[:TELLING_WORDS]
    return tuple(sorted(place for place in strongest if weight[place] > 0))
