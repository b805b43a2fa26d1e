"""How templated the responses are: the commonest openings, closings, sentences and skeletons, and who uses them.

An opening (closing) is a response's first (last) three words. A skeleton is six words in a row of one sentence, where
only the hundred commonest words of all responses stand and any other is a gap, at most two of them: "i can hear how _
you". It is to words what the part-of-speech templates of Shaib et al. (EMNLP 2024) are to word classes: models repeat
these where they do not repeat whole sentences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from synthempathy.text.ngrams import different, packed, places, run_hashes
from synthempathy.text.numbered import Integers, NumberedTexts, Vocabulary

EDGE_WORDS = 3
SKELETON_WORDS = 6
KEPT_WORDS = 100
MOST_GAPS = 2

#: So many that occur most often are ranked by the responses that hold them.
CANDIDATES = 1000

_GAP = 0


@dataclass(frozen=True)
class Template:
    """One of the commonest, and how many of the responses hold it. `kind`: opening, closing, sentence, skeleton."""

    kind: str
    text: str
    responses: int


@dataclass(frozen=True)
class Occurrences:
    """Where templates of one kind occur. `keys`: equal for equal templates; `texts`: in which text; `words`: the words
    of the occurrence with this number. With `apart`, one that is another's shifted by a word or more counts once.
    """

    keys: Integers
    texts: Integers
    words: Callable[[int], tuple[str, ...]]
    apart: bool = False


def templates(responses: NumberedTexts, vocabulary: Vocabulary, most: int) -> tuple[dict[str, float], list[Template]]:
    """The shares of responses that hold one of the `most` commonest of each kind (0 to 1), and these themselves.

    `repeated_sentence_share` is that of the sentences which stand elsewhere in the responses too.
    """
    sentences = _sentences(responses, vocabulary)
    kinds = {
        "opening": openings(responses, vocabulary),
        "closing": _edges(responses, vocabulary, last=True),
        "sentence": sentences,
        "skeleton": _skeletons(responses, vocabulary),
    }
    shares, found = {}, []
    for kind, occurrences in kinds.items():
        chosen, share = commonest(occurrences, most, len(responses))
        shares[f"top_{kind}_share"] = share
        found += [Template(kind, text, count) for text, count in chosen]
    _, copies = np.unique(sentences.keys, return_counts=True)
    shares["repeated_sentence_share"] = float(copies[copies > 1].sum() / max(len(sentences.keys), 1))
    return shares, found


def commonest(given: Occurrences, most: int, texts: int) -> tuple[list[tuple[str, int]], float]:
    """The `most` templates that most texts hold (of equals, what came first), each with the number of texts that hold
    it, and the share of the `texts` that hold any of them."""
    keys, counts = np.unique(given.keys, return_counts=True)
    if not len(keys):
        return [], 0.0
    keys = np.sort(keys[np.argsort(-counts, kind="stable")[:CANDIDATES]])
    at = np.flatnonzero(np.isin(given.keys, keys))
    kinds, first, kind = np.unique(given.keys[at], return_index=True, return_inverse=True)
    held, holder = np.divmod(different(kind * texts + given.texts[at]), texts)  # a row for each text that holds a kind
    holders = np.bincount(held, minlength=len(kinds))
    chosen: dict[int, tuple[str, ...]] = {}
    for index in np.lexsort((first, -holders)).tolist():
        words = given.words(int(at[first[index]]))
        if not (given.apart and any(_overlap(words, other) for other in chosen.values())):
            chosen[index] = words
        if len(chosen) == most:
            break
    share = len(different(holder[np.isin(held, list(chosen))])) / texts
    return [(" ".join(words), int(holders[index])) for index, words in chosen.items()], share


def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether the end of one is the beginning of the other, by at least half of the words."""
    return any(
        one[shift:] == other[: len(other) - shift] or other[shift:] == one[: len(one) - shift]
        for shift in range(1, len(one) // 2 + 1)
    )


def openings(texts: NumberedTexts, vocabulary: Vocabulary) -> Occurrences:
    """The opening of every text that has a word."""
    return _edges(texts, vocabulary, last=False)


def _edges(texts: NumberedTexts, vocabulary: Vocabulary, *, last: bool) -> Occurrences:
    """The first or last words of every text, a short one's as they are."""
    places_ = np.arange(EDGE_WORDS) + (texts.starts[1:] - EDGE_WORDS if last else texts.starts[:-1])[:, None]
    inside = (places_ >= texts.starts[:-1, None]) & (places_ < texts.starts[1:, None])
    numbers = np.full(places_.shape, -1, dtype=np.int64)
    numbers[inside] = texts.flat[places_[inside]]

    def words(text: int) -> tuple[str, ...]:
        return tuple(vocabulary.words[number] for number in numbers[text] if number >= 0)

    keys = packed(list((numbers + 1).T), len(vocabulary.words) + 1)
    there = np.flatnonzero(inside.any(axis=1))
    return Occurrences(keys[there], there, lambda at: words(int(there[at])))


def _sentences(texts: NumberedTexts, vocabulary: Vocabulary) -> Occurrences:
    """Every sentence, by a hash of its words."""
    starts = texts.sentence_starts

    def words(sentence: int) -> tuple[str, ...]:
        return tuple(vocabulary.words[number] for number in texts.flat[starts[sentence] : starts[sentence + 1]])

    return Occurrences(run_hashes(texts.flat, starts), texts.text_of(starts[:-1]), words)


def _skeletons(texts: NumberedTexts, vocabulary: Vocabulary) -> Occurrences:
    """Every run of SKELETON_WORDS inside a sentence that has few gaps."""
    counts = np.bincount(texts.flat, minlength=len(vocabulary.words))
    kept = np.argsort(-counts, kind="stable")[:KEPT_WORDS]
    symbol_of = np.full(len(vocabulary.words), _GAP, dtype=np.int16)
    symbol_of[kept] = np.arange(1, len(kept) + 1)
    symbols = symbol_of[texts.flat]
    at = places(texts.sentence_starts, SKELETON_WORDS)
    gaps = np.append(0, np.cumsum(symbols == _GAP))
    at = at[gaps[at + SKELETON_WORDS] - gaps[at] <= MOST_GAPS]
    names = ["_", *(vocabulary.words[word] for word in kept)]

    def words(number: int) -> tuple[str, ...]:
        return tuple(names[symbol] for symbol in symbols[at[number] : at[number] + SKELETON_WORDS])

    keys = packed([symbols[at + k] for k in range(SKELETON_WORDS)], KEPT_WORDS + 1)
    return Occurrences(keys, texts.text_of(at), words, apart=True)
