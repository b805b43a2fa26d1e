"""Rows: the same features as the classifier reads, however they are made, and the same margins."""

from __future__ import annotations

import numpy as np

from synthempathy.filters.classifier import rows
from synthempathy.filters.classifier.features import sentences, together, windows
from synthempathy.filters.classifier.keys import features
from synthempathy.filters.classifier.reader import Reader
from synthempathy.filters.classifier.screen import SMOOTHING
from synthempathy.filters.examples import Example
from tests.helpers.small_classifier import CONCEPTS, small_examples

TEXTS = (
    'He said "you are a moron". It rained. What a waste of space! I walked home. Not a loser, never an idiot.',
    "> you moron\nDon't say that. The m o r o n drank wine, then vodka, and he went.", "...", "",
)


def test_rows_hold_what_the_classifier_would_read() -> None:
    examples = [
        *small_examples(), *(Example(text, "response", reason, frozenset()) for text in TEXTS for reason in ("", "offensive")),
    ]
    reader = Reader.fit(CONCEPTS, [(e.text, bool(e.reason)) for e in examples])
    made = rows.rows_of(examples, reader)
    weights = np.random.default_rng(1).normal(size=len(made.names))
    margins = made.margins(weights[:, None], np.array([0.5]))[:, 0]
    place = {name: number for number, name in enumerate(made.names)}

    def margin(seen: dict[str, int]) -> float:
        columns = [place[name] for name in seen if name in place]
        values = made.rarity[columns]
        return float(values @ weights[columns] / np.sqrt((values**2).sum() + SMOOTHING)) + 0.5

    number = 0
    for example, found in zip(examples, margins, strict=True):
        read = [features(s.tokens, example.field, CONCEPTS) for s in sentences(reader.read(example.text))]
        for seen in read:
            row = made.sentences[[number]]
            assert {made.names[k] for k in row.indices} == {name for name in seen if name in place}
            number += 1
        most = [
            (margin(together(read[part])) + max(margin(one) for one in read[part])) / 2 for part in windows(len(read))
        ]
        assert found == (np.float64(-np.inf) if not most else np.float64(max(most))) or abs(found - max(most)) < 1e-4
    assert number == made.sentences.shape[0]


def test_a_harmful_text_is_one_row_and_a_passing_one_as_many_as_it_has_windows() -> None:
    text = "It rained. He went. She left. They drank wine. I walked home."
    made = rows.rows_of(
        [Example(text, "response", reason, frozenset()) for reason in ("", "offensive")], Reader.fit(CONCEPTS, []),
    )
    learned = [int((made.text[made.learned] == number).sum()) for number in (0, 1)]
    assert learned == [3, 1] and made.parts.shape == (6, 10)
