"""Self-BLEU against sacrebleu's own sentence score, near duplicates against all pairs, compression."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.statistics import repetition
from synthempathy.statistics.repetition import compression_ratio, near_duplicate_share, self_bleu
from synthempathy.text.texts import Vocabulary

TEXT = st.lists(st.sampled_from(["I", "am", "so", "sorry,", "friend.", "Why?"]), min_size=1, max_size=14).map(" ".join)


@settings(deadline=None, max_examples=40)
@given(st.lists(TEXT, min_size=2, max_size=6))
def test_self_bleu_is_sacrebleus_score_against_the_others(texts: list[str]) -> None:
    from sacrebleu.metrics.bleu import BLEU

    bleu = BLEU(effective_order=True)
    slow = [bleu.sentence_score(text, texts[:i] + texts[i + 1 :]).score / 100 for i, text in enumerate(texts)]
    assert self_bleu(texts, len(texts), seed=1) == pytest.approx(sum(slow) / len(slow))


def test_self_bleu_of_equal_and_of_foreign_texts() -> None:
    assert self_bleu(["I am so sorry for you."] * 5, 5, seed=1) == pytest.approx(1.0)
    assert self_bleu(["a b c d e", "f g h i j"], 2, seed=1) < 0.05
    assert self_bleu(["alone"], 10, seed=1) == 0.0


def test_self_bleu_draws_the_same_sample_for_a_seed() -> None:
    draw = random.Random(5)
    texts = [" ".join(draw.choices("abcdefgh", k=12)) for _ in range(60)]
    assert self_bleu(texts, 10, seed=1) == self_bleu(texts, 10, seed=1) != self_bleu(texts, 10, seed=2)
    assert self_bleu(texts, 60, seed=1) == pytest.approx(self_bleu(texts, 500, seed=2))  # all of them


def test_compression_ratio_is_zlibs() -> None:
    texts = ["I am so sorry.", "That is hard \u2026"] * 30
    raw = "".join(f"{text}\n" for text in texts).encode()
    assert compression_ratio(texts) == pytest.approx(len(raw) / len(zlib.compress(raw, 6)))


def near(texts: list[str], threshold: float) -> float:
    return near_duplicate_share(Vocabulary().texts(texts), threshold, seed=3)


def slow_near(texts: list[str], threshold: float) -> float:
    def shingles(text: str) -> set[tuple[str, ...]]:
        words = text.split()
        return set(zip(words, words[1:], words[2:], strict=False))

    sets = [shingles(text) for text in texts]
    found = 0
    for index, one in enumerate(sets):
        found += any(one and other and len(one & other) / len(one | other) >= threshold for other in sets[:index])
    return found / len(texts)


@pytest.mark.parametrize("threshold", [0.7, 0.9, 1.0])
def test_near_duplicates_are_those_of_all_pairs(threshold: float) -> None:
    draw = random.Random(8)
    texts = [" ".join(f"w{draw.randrange(400)}" for _ in range(60)) for _ in range(150)]
    for index in range(0, 150, 3):  # a third are earlier ones with 0 to 8 words changed
        words = texts[draw.randrange(index + 1)].split()
        for _ in range(draw.randrange(9)):
            words[draw.randrange(60)] = f"w{draw.randrange(400)}"
        texts[index] = " ".join(words)
    expected = slow_near(texts, threshold)
    assert expected > 0.02 and near(texts, threshold) == pytest.approx(expected, abs=0.007)  # one of 150 may go unseen
    assert near(texts, threshold) <= expected  # what is counted is sure


def test_short_texts_are_no_near_duplicates() -> None:
    assert near(["a b", "a b", "", "?"], 0.5) == 0.0
    assert near(["a b c", "A b, c!"], 0.5) == 0.5


def test_many_equal_texts_are_all_counted_within_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    jaccard = repetition._jaccard
    monkeypatch.setattr(repetition, "_jaccard", lambda one, other: compared.append(1) or jaccard(one, other))
    assert near(["one and the same text"] * 300, 0.7) == pytest.approx(299 / 300)
    assert len(compared) <= 300 * 8
