"""Words and sentences of texts, on cases by hand and against slow definitions."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from synthempathy.text.normal import normal
from synthempathy.text.numbered import NumberedTexts, Vocabulary, normal_words, sums, words_of

TEXT = st.text(alphabet=st.sampled_from("aAb'\u2019 .?!\u2026\n\"\u00e93_-"), max_size=40)


def spelled(vocabulary: Vocabulary, texts: NumberedTexts) -> list[str]:
    return [
        vocabulary.spell(texts.flat[a:b]) for a, b in zip(texts.starts[:-1], texts.starts[1:], strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "words", "sentences"),
    [
        ("Don\u2019t GO -- don't, 3 o'clock_ish\u2026", "don't go don't 3 o'clock ish", 1),
        ("I am sorry. Why?! \u201cNo.\u201d She left", "i am sorry why no she left", 4),
        ("Mr. Smith met Dr. Jones at 3.5 miles.", "mr smith met dr jones at 3 5 miles", 1),
        ("Well ... no. ... And yes", "well no and yes", 2),
        ("?! ... ''", "", 0),
        ("", "", 0),
    ],
)
def test_words_and_sentences_by_hand(text: str, words: str, sentences: int) -> None:
    vocabulary = Vocabulary()
    texts = vocabulary.texts(["One. Two", text, "Three"])
    assert spelled(vocabulary, texts)[1] == words
    assert texts.sentences.tolist() == [2, sentences, 1]


@settings(deadline=None)
@given(st.lists(TEXT, max_size=6))
@example(["3'?", "don't' a"])
def test_texts_hold_their_words_whatever_stands_between(given_: list[str]) -> None:
    vocabulary = Vocabulary()
    texts = vocabulary.texts(given_)
    slow = [re.findall(r"[^\W_]+(?:'[^\W_]+)*", t.casefold().replace("\u2019", "'")) for t in given_]
    assert spelled(vocabulary, texts) == [" ".join(words) for words in slow]
    assert len(vocabulary.words) == len({word for words in slow for word in words})
    assert texts.lengths.tolist() == [len(words) for words in slow]
    assert all(0 < s <= n if n else s == 0 for s, n in zip(texts.sentences, texts.lengths, strict=True))
    assert texts.sentence_starts[-1] == len(texts.flat) and len(texts.sentence_starts) == texts.sentences.sum() + 1


@settings(deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=6), st.data())
def test_take_and_parts_keep_texts_as_they_are(given_: list[str], data: st.DataObject) -> None:
    texts = Vocabulary().texts(given_)
    chosen = data.draw(st.lists(st.integers(0, len(given_) - 1), max_size=8))
    taken = texts.take(np.array(chosen, dtype=np.int64))
    parts = list(texts.parts(2))
    for row, text in enumerate(chosen):
        part = parts[text // 2]
        for same, at in ((taken, row), (part, text % 2)):
            for values in ("flat", "opens"):
                expected = getattr(texts, values)[texts.starts[text] : texts.starts[text + 1]]
                assert getattr(same, values)[same.starts[at] : same.starts[at + 1]].tolist() == expected.tolist()
    assert sum(map(len, parts)) == len(texts)


def test_two_sets_of_texts_share_a_vocabulary() -> None:
    vocabulary = Vocabulary()
    first, second = vocabulary.texts(["a b"]), vocabulary.texts(["B c A"])
    assert first.flat.tolist() == [0, 1] and second.flat.tolist() == [1, 2, 0]
    assert second.text_of(np.array([0, 2])).tolist() == [0, 0]


def test_sums_of_runs() -> None:
    assert sums(np.array([1, 2, 3]), np.array([0, 2, 2, 3])).tolist() == [3, 0, 3]


@given(st.text() | st.text(alphabet=st.characters(max_codepoint=127)))
@example("a_b\x1cc\x00d\x7fe'f")
def test_the_quick_way_for_ascii_gives_what_the_definition_says(text: str) -> None:
    assert normal_words(text) == re.findall(r"\w+", normal(text))


@given(st.lists(st.lists(st.sampled_from("abc"))), st.data())
def test_taken_texts_are_the_chosen_ones_in_order(texts: list[list[str]], data: st.DataObject) -> None:
    words = words_of(" ".join(text) for text in texts)
    chosen = data.draw(st.lists(st.integers(0, len(texts) - 1))) if texts else []
    taken = words.take(chosen)
    assert isinstance(taken, NumberedTexts)
    assert [taken[i].tolist() for i in range(len(taken))] == [words[i].tolist() for i in chosen]


@pytest.mark.parametrize(("text", "sentences"), [
    ("Ich mag z. B. Äpfel und z.B. Birnen. Am 3. Mai kam Dr. Müller.", 2),
    ("„Ja.“ Über allem lag Schnee. Es war 2020. Danach taute es … überall.", 4),
    ("Das Ende... äußerst still.", 1),
    ("你好。我很好！真的吗？", 3), ("", 0),
])
def test_sentences_of_other_languages(text: str, sentences: int) -> None:
    texts = Vocabulary(("z. B.", "Dr.", "1.")).texts([text])
    assert texts.sentences.tolist() == [sentences]


def test_an_abbreviation_that_is_not_named_ends_a_sentence() -> None:
    assert Vocabulary().texts(["Am 3. Mai kam Dr. Müller mit z. B. Äpfeln."]).sentences.tolist() == [4]
