"""The topic map finds planted topics, is the same twice, and bears texts that say nothing."""

from __future__ import annotations

import random

import pytest

from synthempathy.statistics.topics import Topic, topic_map
from synthempathy.text.numbered import Vocabulary

PLANTED = {
    "work": ["boss", "deadline", "office", "meeting", "salary", "colleague", "report", "shift"],
    "home": ["kitchen", "mother", "brother", "dinner", "garden", "holiday", "birthday", "sister"],
    "body": ["pain", "hospital", "doctor", "fever", "medicine", "headache", "surgery", "ward"],
}


def planted(each: int) -> list[str]:
    draw = random.Random(4)
    return [
        "I feel that " + " and ".join(draw.sample(words, 5)) + "."
        for words in PLANTED.values() for _ in range(each)
    ]


def topics_of(texts: list[str], topics: int, seed: int = 1) -> list[Topic]:
    vocabulary = Vocabulary()
    return topic_map(vocabulary.texts(texts), vocabulary, topics, seed)


def test_planted_topics_are_found_with_their_words() -> None:
    found = topics_of(planted(20), 3)
    assert [topic.texts for topic in found] == [20, 20, 20]
    named = [set(topic.terms.split()) for topic in found]
    assert all(any(terms <= set(words) for words in PLANTED.values()) for terms in named)
    assert len({(topic.x, topic.y) for topic in found}) == 3


def test_same_map_twice_and_largest_first() -> None:
    texts = planted(12)[:30]
    assert topics_of(texts, 4) == topics_of(texts, 4)
    sizes = [topic.texts for topic in topics_of(texts, 4)]
    assert sizes == sorted(sizes, reverse=True) and sum(sizes) == 30


@pytest.mark.parametrize(
    ("texts", "sizes"),
    [
        (["the and of"], []),  # nothing that tells a topic
        (["..."], []),
        (["boss deadline"], [1]),
        (["boss deadline", "boss deadline", "mother garden", "mother garden", "the"], [2, 2]),
    ],
)
def test_few_texts_give_few_topics(texts: list[str], sizes: list[int]) -> None:
    assert [topic.texts for topic in topics_of(texts, 12)] == sizes


def test_words_that_tell_nothing_are_the_languages() -> None:
    texts = ["Hund Katze", "Garten Katze", "Hund Suppe", "Suppe Garten", "Brief Zug", "Zug Brief"]
    vocabulary = Vocabulary()
    numbered = vocabulary.texts(texts)
    [topic] = topic_map(numbered, vocabulary, 1, 3, frozenset(("hund",)))
    assert "hund" not in topic.terms.split() and "katze" in topic.terms.split()
