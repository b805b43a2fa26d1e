"""How easy the texts are to read, by Flesch (1948) and Kincaid et al. (1975), from words, sentences and syllables.

Syllables are counted from spelling: pyphen (offline, kept by CourtBouillon) cuts a word where it may be hyphenated,
and every part has as many syllables as groups of vowels, a silent e aside. Of 259 common words counted by hand, on
which the rules were made, this has 92% right without the list below, and errs as often up as down (pyphen's cuts alone:
85%, too few). textstat would fetch a dictionary from the network. Formula and syllables are English's: of another language
no figure is given, since it would compare with nothing.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthempathy.text.numbered import Integers, NumberedTexts, Vocabulary, sums

_VOWELS = re.compile("[aeiouy]+")
_SILENT_END = re.compile(r"[^aeiouy]e$|[^aeiouytd]ed$|[aeiouy][^aeiouyscxzg]es$")
_NOT = re.compile(r"[dst]n't$")
_SOUNDED_END = re.compile(r"[^aeiouylr]le$|[^aeiouy]{2}[lr]ed$")  # ta-ble, set-tled

#: Common words whose spelling misleads.
_SPOKEN = {
    "really": 2, "every": 2, "everything": 3, "everyone": 3, "everybody": 4, "evening": 2, "evenings": 2, "business": 2,
    "tired": 2, "idea": 3, "ideas": 3, "area": 3, "maybe": 2, "interest": 2, "interested": 3, "interesting": 3,
    "colleague": 2, "colleagues": 2, "video": 3, "realized": 2, "realised": 2, "comfortable": 3,
}


#: What stands in the metrics beside figures that are null.
NOTE = "readability is null: Flesch's formula is made for English"


def no_readability() -> dict[str, None]:
    """The figures of `readability` for texts that it cannot measure."""
    return dict.fromkeys(("flesch_reading_ease", "flesch_kincaid_grade"))


def syllable_counts(vocabulary: Vocabulary) -> Integers:
    """The syllables of every word, by its number."""
    return np.array([syllables(word) for word in vocabulary.words], dtype=np.int64)


def readability(texts: NumberedTexts, counts: Integers) -> dict[str, float]:
    """Flesch reading ease (100 very easy, 0 very hard) and Flesch-Kincaid grade (years of school), mean over texts.

    `counts` are the syllables of every word. Texts without words are left out; if there are no others, both are 0.
    """
    words, sentences = texts.lengths, texts.sentences
    spoken = sums(counts[texts.flat], texts.starts)
    there = words > 0
    if not there.any():
        return {"flesch_reading_ease": 0.0, "flesch_kincaid_grade": 0.0}
    a_sentence: NDArray[np.float64] = words[there] / sentences[there]
    a_word: NDArray[np.float64] = spoken[there] / words[there]
    return {
        "flesch_reading_ease": float(np.mean(206.835 - 1.015 * a_sentence - 84.6 * a_word)),
        "flesch_kincaid_grade": float(np.mean(0.39 * a_sentence + 11.8 * a_word - 15.59)),
    }


def syllables(word: str) -> int:
    """The syllables of a casefolded English word, at least 1.

    >>> [syllables(word) for word in ("hope", "table", "understanding", "didn't")]
    [1, 2, 4, 2]
    """
    if word in _SPOKEN:
        return _SPOKEN[word]
    if _NOT.search(word):  # did-n't
        return syllables(word.removesuffix("n't")) + 1
    return sum(_part(part) for part in _hyphens().inserted(word.replace("'", "")).split("-"))


def _part(part: str) -> int:
    silent = _SILENT_END.search(part) is not None and _SOUNDED_END.search(part) is None
    return max(len(_VOWELS.findall(part)) - silent, 1)


@cache
def _hyphens() -> Any:
    from pyphen import Pyphen

    return Pyphen(lang="en_US")
