"""All features at once are those that are read one by one."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from synthempathy.filters.base import FIELDS
from synthempathy.filters.classifier.concepts import Concepts
from synthempathy.filters.classifier.feature_table import FeatureTable
from synthempathy.filters.classifier.features import local_features, opening, sentences
from synthempathy.filters.classifier.keys import features
from synthempathy.text.words import text_of

CONCEPTS = Concepts({
    "contempt": ["vermin", "waste of space"], "drink": ["wine"], "group": ["women", "deaf people"], "past": ["*ed", "went"],
    "everyday": ["went", "bus"], "needing": ["waste of"],
})
WORDS = (
    "vermin", "waste", "of", "space", "wine", "women", "deaf", "people", "walked", "went", "bus", "not", "never", '"', ".", "!",
    "the",
)

texts = st.lists(st.tuples(st.lists(st.sampled_from(WORDS), max_size=16).map(" ".join), st.sampled_from(FIELDS)), max_size=6)


@given(texts, st.integers(1, 3))
def test_every_feature_stands_where_it_is_read(written: list[tuple[str, str]], least: int) -> None:
    parts = [(part.tokens, field) for text, field in written for part in sentences(text_of(text))]
    table = FeatureTable(CONCEPTS)
    for tokens, field in parts:
        table.add(tokens, field)
    names, seen, near = table.matrices(least)
    read = [set(features(tokens, field, CONCEPTS)) for tokens, field in parts]
    held = Counter(name for one in read for name in one)
    kept = {name for name, times in held.items() if times >= least}
    assert len(names) == len(set(names)) and set(names) == kept
    local = [
        Counter(
            name for pair in zip((opening(field), *tokens), tokens, strict=False)
            for name in local_features(*pair, field, CONCEPTS)
        ) for tokens, field in parts
    ]
    for number in range(len(parts)):
        row, counts = seen[[number]], near[[number]]
        assert {names[k] for k in row.indices} == read[number] & kept and set(row.data) <= {1.0}
        assert {names[k]: n for k, n in zip(counts.indices, counts.data, strict=True)} == {
            name: n for name, n in local[number].items() if name in kept
        }
