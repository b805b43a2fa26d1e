"""How diverse a set of texts is: different words, self-BLEU, compression. One definition each, for the corpus's statistics,
the evaluation's systems and the sampling grid."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthempathy.text.ngrams import different, packed, places, run_hashes
from synthempathy.text.numbered import Integers, NumberedTexts, sums

BLEU_ORDER = 4
COMPRESSION_LEVEL = 6
_TEXTS_AT_ONCE = 8192


def distinct(texts: NumberedTexts, n: int, kinds: int) -> float:
    """Different n-grams over all n-grams, none across texts; 0 without any (Li et al., NAACL 2016).

    `kinds` is the size of the vocabulary.
    """
    at = places(texts.starts, n)
    if not len(at):
        return 0.0
    return len(different(packed([texts.flat[at + k] for k in range(n)], kinds))) / len(at)


def largest_share(keys: Integers, texts: Integers, of: int) -> float:
    """The share of the `of` texts that hold the commonest of `keys`, which stand in `texts`; 0 without any."""
    if not len(keys):
        return 0.0
    kinds, kind = np.unique(keys, return_inverse=True)
    held = different(kind * of + texts) // of  # a row for each text that holds a kind
    return float(np.bincount(held, minlength=len(kinds)).max()) / of


def top_response_share(texts: NumberedTexts) -> float:
    """The share of the texts that are the commonest one, word by word."""
    return largest_share(run_hashes(texts.flat, texts.starts), np.arange(len(texts)), len(texts))


def commonest_sentence_share(texts: NumberedTexts) -> float:
    """The share of the texts that hold the commonest sentence."""
    starts = texts.sentence_starts
    return largest_share(run_hashes(texts.flat, starts), texts.text_of(starts[:-1]), len(texts))


def mattr(texts: NumberedTexts, window: int) -> NDArray[np.float64]:
    """Moving-average type-token ratio of each text (Covington and McFall 2010): the mean, over every `window` words
    in a row, of different words over words. A shorter text counts as one window; an empty one gives 0.

    A word counts in the windows in which it is the first of its kind: those that start after the same word's last
    place before, no later than the word itself, and reach it.
    """
    return np.concatenate([_mattr(part, window) for part in texts.parts(_TEXTS_AT_ONCE)])


def _mattr(texts: NumberedTexts, window: int) -> NDArray[np.float64]:
    lengths = texts.lengths
    width = np.minimum(window, lengths)
    windows = lengths - width + 1
    begin = np.repeat(texts.starts[:-1], lengths)
    here = np.arange(len(texts.flat)) - begin
    earliest = np.maximum(_same_word_before(texts.flat) - begin + 1, here - np.repeat(width, lengths) + 1)
    latest = np.minimum(here, np.repeat(windows, lengths) - 1)
    counts = np.maximum(latest - np.maximum(earliest, 0) + 1, 0)
    return np.asarray(sums(counts, texts.starts) / np.maximum(width * windows, 1))


def _same_word_before(flat: NDArray[np.integer]) -> Integers:
    """Where the same word stood last, for each word; -1 for none."""
    order = np.argsort(flat, kind="stable")
    before = np.full(len(flat), -1, dtype=np.int64)
    same = flat[order[1:]] == flat[order[:-1]]
    before[order[1:][same]] = order[:-1][same]
    return before


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
