"""Near duplicates against the true Jaccard similarity of all pairs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from synthempathy.text import minhash
from synthempathy.text.minhash import bands, near_duplicates
from synthempathy.text.numbered import normal_words, words_of

Found = tuple[int, int, float]


def shingles(text: str, words: int) -> set[tuple[str, ...]]:
    numbers = normal_words(text)
    if 0 < len(numbers) < words:
        return {tuple(numbers)}
    return {tuple(numbers[k : k + words]) for k in range(len(numbers) - words + 1)}


def similarity(one: str, other: str, words: int) -> float:
    first, second = shingles(one, words), shingles(other, words)
    return len(first & second) / len(first | second) if first and second else 0.0


def oracle(texts: list[str], threshold: float, words: int) -> list[Found]:
    kept: list[int] = []
    found: list[Found] = []
    for index, text in enumerate(texts):
        likes = [(-similarity(text, texts[partner], words), partner) for partner in kept]
        like, partner = min(likes, default=(0.0, -1))
        if -like >= threshold:
            found.append((index, partner, -like))
        else:
            kept.append(index)
    return found


def search(texts: list[str], threshold: float, words: int = 3, permutations: int = 128, seed: int = 7) -> list[Found]:
    return near_duplicates(
        words_of(texts), threshold=threshold, permutations=permutations, shingle_words=words, seed=seed
    )


def texts_of(alphabet: str, longest: int, most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.lists(st.sampled_from(alphabet), max_size=longest).map(" ".join), max_size=most)


@pytest.fixture(scope="module")
def nothing_missed() -> Iterator[None]:
    """Bands of one slot: at 128 slots a pair of Jaccard 0.3 is missed once in 10^19."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(minhash, "MISSED_AT_THRESHOLD", 0.0)
        yield


@pytest.mark.usefixtures("nothing_missed")
class TestWhenNothingIsMissed:
    @settings(deadline=None)
    @given(texts_of("ab", 8, 8), st.sampled_from([0.3, 0.5, 0.7, 0.85, 0.999]), st.integers(1, 4))
    @example([], 0.7, 3)
    @example(["", "!", "a", "a", "a b"], 0.7, 3)  # all shorter than a shingle
    @example(["a b", "A, b!", "b a", "a b c", "a", "", "a"], 0.7, 3)  # a short text is like its equal alone
    @example(["a b c a b c", "a b c a b"], 0.7, 3)  # not the same, but the same shingles
    def test_tiny_alphabet_matches_the_oracle(self, texts: list[str], threshold: float, words: int) -> None:
        assert search(texts, threshold, words) == oracle(texts, threshold, words)

    @settings(deadline=None)
    @given(texts_of("abcdefé\u4e16", 12, 10), st.sampled_from([0.3, 0.5, 0.7]), st.integers(1, 3))
    def test_wider_alphabet_matches_the_oracle(self, texts: list[str], threshold: float, words: int) -> None:
        assert search(texts, threshold, words) == oracle(texts, threshold, words)

    @settings(deadline=None)
    @given(st.integers(0, 2**32), st.sampled_from([0.5, 0.7, 0.85]))
    def test_edited_texts_match_the_oracle(self, seed: int, threshold: float) -> None:
        texts = edited_texts(random.Random(seed), number=20, length=30)
        assert search(texts, threshold) == oracle(texts, threshold, 3)


def edited_texts(draw: random.Random, number: int, length: int) -> list[str]:
    """Random texts, two in three of them an earlier one with a few words changed."""
    texts: list[list[str]] = []
    for _ in range(number):
        if texts and draw.random() < 0.66:
            text = list(draw.choice(texts))
            for _ in range(draw.randint(0, 4)):
                text[draw.randrange(len(text))] = draw.choice("xyz")
        else:
            text = [f"w{draw.randrange(500)}" for _ in range(length)]
        texts.append(text)
    return [" ".join(text) for text in texts]


@given(st.integers(0, 2**32), st.integers(0, 3), st.sampled_from([0.5, 0.7, 0.85]))
@settings(max_examples=30, deadline=None)
def test_as_used_drops_nothing_without_cause(seed: int, hash_seed: int, threshold: float) -> None:
    """With the real bands a pair may be missed, but what is dropped is dropped for a kept, similar, earlier text."""
    texts = edited_texts(random.Random(seed), number=25, length=40)
    found = search(texts, threshold, seed=hash_seed)
    assert found == search(texts, threshold, seed=hash_seed)
    dropped = {index for index, _, _ in found}
    for index, partner, like in found:
        assert partner < index and partner not in dropped
        assert like == similarity(texts[index], texts[partner], 3) >= threshold


@given(st.integers(0, 2**32), st.integers(0, 20))
@settings(max_examples=30, deadline=None)
def test_later_texts_do_not_change_what_became_of_earlier_ones(seed: int, cut: int) -> None:
    texts = edited_texts(random.Random(seed), number=20, length=30)
    assert search(texts[:cut], 0.7) == [f for f in search(texts, 0.7) if f[0] < cut]


def pairs_with_changes(changes: int, pairs: int = 1000) -> list[str]:
    """`pairs` unlike texts of 100 words, then each again with `changes` words replaced far apart (3 shingles each)."""
    first = [[f"p{pair}w{k}" for k in range(100)] for pair in range(pairs)]
    second = [["new" if k % 10 == 5 and k // 10 < changes else word for k, word in enumerate(text)] for text in first]
    return [" ".join(text) for text in first + second]


@pytest.mark.parametrize(("threshold", "changes", "least"), [(0.7, 5, 995), (0.85, 2, 998), (0.7, 2, 1000)])
def test_recall(threshold: float, changes: int, least: int) -> None:
    """98 shingles, 3 lost a change: Jaccard 0.735 for 5 changes, 0.885 for 2. All by a fixed seed."""
    texts = pairs_with_changes(changes)
    assert similarity(texts[0], texts[1000], 3) == pytest.approx((98 - 3 * changes) / (98 + 3 * changes))
    found = search(texts, threshold)
    assert len(found) >= least
    assert all(partner == index - 1000 for index, partner, _ in found)


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.5, 0.7, 0.85, 0.95, 1.0])
@pytest.mark.parametrize("permutations", [64, 100, 128, 256])
def test_bands_miss_few_at_the_threshold(threshold: float, permutations: int) -> None:
    count, slots = bands(threshold, permutations)
    assert count * slots <= permutations
    missed = (1 - threshold**slots) ** count
    assert missed <= minhash.MISSED_AT_THRESHOLD or slots == 1
    longer = slots + 1  # and no longer band would do
    if longer <= permutations:
        assert (1 - threshold**longer) ** (permutations // longer) > minhash.MISSED_AT_THRESHOLD


def test_signatures_are_the_same_on_every_machine() -> None:
    """Pinned: a change of rensa or of the hash that moves them changes which pairs are seen."""
    matrix = minhash._signatures(words_of(["a b c d e", "e d c b a"]), 16, 3, seed=7)
    assert [row[:4] for row in matrix.to_rows()] == [
        [1581111966, 3654848729, 2598366560, 3266521726],
        [3534800166, 3228521720, 3288399142, 2295470829],
    ]


def crowd(copies: int) -> list[str]:
    """1,000 texts of one template, each 60 of 100 words its own, and `copies` of them again with two words changed."""
    texts = [[*(f"t{k}" for k in range(40)), *(f"p{number}w{k}" for k in range(60))] for number in range(1000)]
    again = [["new" if k in (55, 75) else word for k, word in enumerate(text)] for text in texts[-copies:]]
    return [" ".join(text) for text in texts + again]


def test_a_crowd_of_alike_texts_hides_no_near_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text meets all others through the template; comparing each with each would be quadratic."""
    texts = crowd(copies=200)
    assert similarity(texts[999], texts[1199], 3) == pytest.approx(92 / 104)
    assert similarity(texts[0], texts[1], 3) == pytest.approx(38 / 158)
    compared: list[int] = []
    true_similarities = minhash._ShingleSets.similarities

    def counted(sets: minhash._ShingleSets, text: int, others: minhash.Integers) -> Any:
        compared.append(len(others))
        return true_similarities(sets, text, others)

    monkeypatch.setattr(minhash, "MAX_BUCKET", 4)
    monkeypatch.setattr(minhash._ShingleSets, "similarities", counted)
    found = search(texts, 0.7)
    count, _ = bands(0.7, 128)
    assert max(compared) <= 4 * count
    assert sum(compared) < len(texts) * 40
    assert len(found) >= 198
    assert all(partner == index - 200 for index, partner, _ in found)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=8), min_size=1, max_size=6), st.integers(1, 4))
@example([[1, 2, 3], [1, 2, 3, 1, 2]], 3)
def test_true_similarities(numbers: list[list[int]], words: int) -> None:
    for most in (2**63, 40):  # 40: the numbers of pairs, then of triples, are brought down on the way
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(minhash, "_MOST", most)
            texts = [" ".join(map(str, text)) for text in numbers]
            sets = minhash._ShingleSets(minhash._filled(words_of(texts), words), words)
            for one in range(len(texts)):
                likes = sets.similarities(one, np.arange(len(texts)))
                assert likes.tolist() == [similarity(texts[one], other, words) for other in texts]
