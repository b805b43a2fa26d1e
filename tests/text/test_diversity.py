"""Diversity against slow definitions of the same, sacrebleu's own score, and texts whose figures can be counted by hand."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.text.diversity import (
    commonest_sentence_share,
    compression_ratio,
    distinct,
    mattr,
    self_bleu,
    top_response_share,
)
from synthempathy.text.numbered import Vocabulary
from tests.helpers.numbers import lists_of_numbers, texts

TEXT = st.lists(st.sampled_from(["I", "am", "so", "sorry,", "friend.", "Why?"]), min_size=1, max_size=14).map(" ".join)
KIND = "I am so sorry that you are going through this."
slow_machines = settings(deadline=None)  # others may use the machine


@slow_machines
@given(lists_of_numbers, st.sampled_from([1, 2, 3]), st.sampled_from([7, 2**31]))
def test_distinct_is_different_over_all(numbers: list[list[int]], n: int, kinds: int) -> None:
    grams = [tuple(text[i : i + n]) for text in numbers for i in range(len(text) - n + 1)]
    expected = len(set(grams)) / len(grams) if grams else 0.0
    assert distinct(texts(*numbers), n, kinds) == expected  # 2**31 kinds: three do not fit into 63 bits


def test_distinct_counts_no_bigram_across_texts() -> None:
    assert distinct(texts([1, 2], [1, 2], [1, 2]), 2, 3) == pytest.approx(1 / 3)


@slow_machines
@given(lists_of_numbers, st.integers(1, 20))
def test_mattr_is_the_mean_over_all_windows(numbers: list[list[int]], window: int) -> None:
    def slow(text: list[int]) -> float:
        windows = [text[i : i + window] for i in range(max(len(text) - window, 0) + 1)]
        ratios = [len(set(w)) / len(w) for w in windows if w]
        return sum(ratios) / len(ratios) if ratios else 0.0

    assert mattr(texts(*numbers), window).tolist() == pytest.approx([slow(text) for text in numbers])


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


def test_shares_of_the_commonest_response_and_sentence_by_hand() -> None:
    read = Vocabulary().texts
    assert (top_response_share(read([KIND] * 4)), commonest_sentence_share(read([KIND] * 4))) == (1, 1)
    varied = read([f"A word {n}. {KIND.upper()} {KIND}" for n in range(4)])
    assert (top_response_share(varied), commonest_sentence_share(varied)) == (0.25, 1)
    assert (top_response_share(read(["", ""])), commonest_sentence_share(read(["", "..."]))) == (1, 0)
    assert commonest_sentence_share(read(["No. Why?", "Why? Yes.", "Hm."])) == pytest.approx(2 / 3)
