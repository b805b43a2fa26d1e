"""How much the texts repeat one another: self-BLEU of a sample, compression, near duplicates."""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthempathy.statistics.measures import mixed, places
from synthempathy.text.texts import Integers, Texts

BLEU_ORDER = 4
COMPRESSION_LEVEL = 6
SHINGLE_WORDS = 3
BANDS, SLOTS = 32, 4  # of the MinHash: of the pairs at Jaccard 0.7, (1 - 0.7**4)**32 = 0.00015 go unseen

_TEXTS_AT_ONCE = 8192
_NEWEST_OF_A_BUCKET = 32  # texts of a bucket that a text is compared with at most: what bounds the time
_MOST_ALIKE = 8  # of all these, by their signatures, whose true Jaccard is worked out


def self_bleu(texts: Sequence[str], sample: int, seed: int) -> float:
    """The mean BLEU-4 (0 to 1) of each text of a sample against all others of it (Zhu et al., SIGIR 2018).

    By sacrebleu: its 13a words, its n-grams, its sentence BLEU with smoothing. 1: all alike. It grows with the sample,
    so compare samples of one size. 0 for fewer than two texts.
    """
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.helpers import extract_all_word_ngrams
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

    if len(texts) < 2:
        return 0.0
    chosen = np.sort(np.random.default_rng(seed).permutation(len(texts))[:sample])
    words: Callable[[str], str] = Tokenizer13a()  # type: ignore[no-untyped-call]
    counted = [extract_all_word_ngrams(words(texts[i].rstrip()), 1, BLEU_ORDER) for i in chosen.tolist()]
    lengths = np.array([length for _, length in counted])
    most, second = _two_highest([grams for grams, _ in counted])
    scores = []
    for index, (grams, length) in enumerate(counted):
        correct, total = [0] * BLEU_ORDER, [0] * BLEU_ORDER
        for gram, count in grams.items():
            elsewhere = second[gram] if count == most[gram] else most[gram]
            total[len(gram) - 1] += count
            correct[len(gram) - 1] += min(count, elsewhere)
        others = np.delete(lengths, index)
        nearest = int(min(others[np.abs(others - length) == np.abs(others - length).min()]))
        bleu = BLEU.compute_bleu(correct, total, length, nearest, smooth_method="exp", effective_order=True)
        scores.append(bleu.score / 100)
    return float(np.mean(scores))


def _two_highest(texts: Sequence[Counter[Any]]) -> tuple[Counter[Any], Counter[Any]]:
    """For each n-gram the highest count in a text, and the second highest: what is left when that text is left out."""
    most: Counter[Any] = Counter()
    second: Counter[Any] = Counter()
    for grams in texts:
        for gram, count in grams.items():
            high = most[gram]
            if count > high:
                most[gram], second[gram] = count, high
            elif count > second[gram]:
                second[gram] = count
    return most, second


def compression_ratio(texts: Sequence[str]) -> float:
    """Bytes of all texts, a line each, over their bytes as zlib packs them (Shaib et al. 2024): higher repeats more.

    zlib looks back 32 KB, about 40 responses, so that neighbours count.
    """
    packer = zlib.compressobj(COMPRESSION_LEVEL)
    raw = small = 0
    for text in texts:
        line = f"{text}\n".encode()
        raw += len(line)
        small += len(packer.compress(line))
    return raw / (small + len(packer.flush()))


def near_duplicate_share(texts: Texts, threshold: float, seed: int) -> float:
    """The share of texts (0 to 1) that are like an earlier one: a Jaccard similarity of 3-word shingles of `threshold`
    or more. A text shorter than a shingle is like none.

    Candidates agree on a band of rensa's MinHash; of very many, the newest and most alike are looked at, so the time
    is linear; what is counted is sure.
    """
    hashes, starts = _shingles(texts)
    meets, signatures = _signatures_that_meet(hashes, starts, seed)
    sets = [np.unique(hashes[starts[text] : starts[text + 1]]) for text in meets]
    buckets: defaultdict[tuple[int, bytes], list[int]] = defaultdict(list)
    found = 0
    for row, signature in enumerate(signatures):
        keys = [(band, part.tobytes()) for band, part in enumerate(signature.reshape(BANDS, SLOTS))]
        others = np.array(sorted({other for key in keys for other in buckets[key][-_NEWEST_OF_A_BUCKET:]}), dtype=int)
        alike = (signatures[others] == signature).mean(axis=1)
        best = others[np.argsort(-alike, kind="stable")[:_MOST_ALIKE]]
        found += any(_jaccard(sets[row], sets[other]) >= threshold for other in best.tolist())
        for key in keys:
            buckets[key].append(row)
    return found / len(texts)


def _shingles(texts: Texts) -> tuple[NDArray[np.uint64], Integers]:
    """A hash of each shingle, and where each text's begin."""
    at = places(texts.starts, SHINGLE_WORDS)
    hashes = np.zeros(len(at), dtype=np.uint64)
    for k in range(SHINGLE_WORDS):
        hashes = mixed(hashes + texts.flat[at + k].astype(np.uint64))
    return hashes, np.append(0, np.cumsum(np.maximum(texts.lengths - SHINGLE_WORDS + 1, 0)))


def _signatures_that_meet(
    hashes: NDArray[np.uint64], starts: Integers, seed: int
) -> tuple[Integers, NDArray[np.uint32]]:
    """The texts that agree with another one on a band, in order, and their signatures. rensa finds them."""
    from rensa import RMinHash, RMinHashLSH

    there = np.flatnonzero(np.diff(starts))

    def digest(chosen: Integers) -> Any:
        parts = [hashes[starts[text] : starts[text + 1]] for text in chosen.tolist()]
        ends = np.append(0, np.cumsum([len(part) for part in parts]))
        flat = np.concatenate(parts) if parts else hashes[:0]
        return RMinHash.digest_matrix_from_flat_token_hashes(flat, ends.astype(np.uint64), BANDS * SLOTS, seed)

    if not len(there):
        return there, np.zeros((0, BANDS * SLOTS), dtype=np.uint32)
    flags = RMinHashLSH(0.0, BANDS * SLOTS, BANDS).query_duplicate_flags_matrix_one_shot(digest(there))
    there = there[np.array(flags, dtype=bool)]
    rows = [digest(there[k : k + _TEXTS_AT_ONCE]).to_rows() for k in range(0, len(there), _TEXTS_AT_ONCE)]
    return there, np.array([row for part in rows for row in part], dtype=np.uint32).reshape(-1, BANDS * SLOTS)


def _jaccard(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> float:
    """Shared elements over all elements of two sorted sets, not both empty."""
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / (len(one) + len(other) - shared)
