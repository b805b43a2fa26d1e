"""Openings, closings, sentences and skeletons: by hand, and against slow counts."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.statistics import templates as rooms
from synthempathy.statistics.templates import Template, templates
from synthempathy.text.numbered import Vocabulary

sentences = st.lists(st.sampled_from(["a b c", "a b c d", "b", "c c", "a"]), max_size=4)


def found(responses: list[str], most: int) -> tuple[dict[str, float], list[Template]]:
    vocabulary = Vocabulary()
    return templates(vocabulary.texts(responses), vocabulary, most)


def test_by_hand() -> None:
    shares, named = found(
        ["I am sorry. You are here.", "I am sorry. Go.", "I am glad. You are here.", "Go. Go."], 1
    )
    assert {t.kind: (t.text, t.responses) for t in named} == {
        "opening": ("i am sorry", 2), "closing": ("you are here", 2), "sentence": ("i am sorry", 2),
    }
    assert shares["top_opening_share"] == shares["top_closing_share"] == shares["top_sentence_share"] == 0.5
    assert shares["repeated_sentence_share"] == pytest.approx(7 / 8)  # all but "I am glad"
    assert shares["top_skeleton_share"] == 0.0


def test_a_sentence_said_twice_counts_one_response() -> None:
    _, named = found(["Go. Go. Go.", "Stay. Yes.", "Stay. No."], 1)
    assert ("sentence", "stay", 2) in [(t.kind, t.text, t.responses) for t in named]


def test_a_skeleton_has_gaps_for_rare_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "KEPT_WORDS", 6)
    names = ["sad", "lost", "angry", "tired", "afraid"]
    shares, named = found([f"I can hear that you are {name} about it." for name in names], 3)
    skeletons = [(t.text, t.responses) for t in named if t.kind == "skeleton"]
    assert skeletons[0] == ("i can hear that you are", 5)
    assert len(skeletons) == 1  # the shifted ones are the same template
    assert shares["top_skeleton_share"] == 1.0
    _, named = found([f"I can hear {name} you are that" for name in names], 3)
    assert ("i can hear _ you are", 5) in [(t.text, t.responses) for t in named]


def test_no_skeleton_across_sentences() -> None:
    shares, _ = found(["I am so. Sorry for you.", "I am so. Sorry for you."], 5)
    assert shares["top_skeleton_share"] == 0.0


@settings(deadline=None)
@given(st.lists(sentences, min_size=1, max_size=8), st.integers(1, 3))
def test_shares_are_those_of_a_slow_count(responses: list[list[str]], most: int) -> None:
    shares, named = found([". ".join(s.capitalize() for s in response) + "." for response in responses], most)
    words = [[word for sentence in response for word in sentence.split()] for response in responses]
    holders = {
        "opening": [{" ".join(w[:3])} - {""} for w in words],
        "closing": [{" ".join(w[-3:])} - {""} for w in words],
        "sentence": [set(response) for response in responses],
    }
    for kind, held in holders.items():
        counts = Counter(text for texts in held for text in texts)
        mine = {t.text: t.responses for t in named if t.kind == kind}
        assert sorted(mine.values(), reverse=True) == sorted(counts.values(), reverse=True)[:most]
        assert all(counts[text] == rows for text, rows in mine.items())
        share = sum(bool(texts & mine.keys()) for texts in held) / len(responses)
        assert shares[f"top_{kind}_share"] == pytest.approx(share)


def test_of_equals_the_first_comes_first() -> None:
    _, named = found(["Zoo now here.", "Ape now here.", "Bee now there."], 2)
    assert [t.text for t in named if t.kind == "opening"] == ["zoo now here", "ape now here"]
