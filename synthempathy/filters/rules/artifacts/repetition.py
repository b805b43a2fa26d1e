"""repetition: a text runs in a loop, as small models do.

A loop is a phrase said again at once (one word 6 times, two or three words 4 times, longer ones 3 times), or 8 words in
a row that stand three times anywhere, or one character 24 times, or a "word" of 40 letters (hahahaha...). German has words so
long, and Chinese parts none: outside English such a word must say few letters over and over.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from synthempathy.filters.base import FIELDS, Check, Field, Found, Rule, on_texts
from synthempathy.text.words import Text

if TYPE_CHECKING:
    from synthempathy.filters.params import Filter

PHRASE_TIMES = 3  # of a phrase of four words and more
#: A story may say a phrase three times, which makes a loop of the texts that are retold from it.
STORY_PHRASE_TIMES = PHRASE_TIMES + 1
LONGEST_LOOP = 20  # words
REFRAIN_WORDS, REFRAIN_TIMES = 8, 3
CHARACTER_TIMES = 24
LONGEST_WORD = 40
FEW_LETTERS = 8  # different ones, in a word that is too long in any language

_CHARACTERS = re.compile(rf"(\S)\1{{{CHARACTER_TIMES - 1}}}")


def find(text: Text, field: Field, phrase_times: int = PHRASE_TIMES, *, english: bool = True) -> Found | None:
    """The words of the loop; `phrase_times` is how often a phrase of four words and more makes one."""
    loop = _loop(text.words, phrase_times)
    longest = max(map(len, text.raw.split()), default=0)
    if loop is None and longest >= CHARACTER_TIMES:
        loop = _one_character(text.raw)
        if loop is None and longest >= LONGEST_WORD:
            long = (word for word in text.words if len(word) >= LONGEST_WORD)
            loop = next((word for word in long if english or len(set(word)) <= FEW_LETTERS), None)
    return Found(loop) if loop is not None else None


def find_in_story(text: Text, field: Field, *, english: bool = True) -> Found | None:
    """As `find`, with the greater patience that a story has."""
    return find(text, field, STORY_PHRASE_TIMES, english=english)


def _checks(settings: Filter) -> tuple[Check, ...]:
    english = settings.wording.english
    return (
        on_texts("repetition", partial(find, english=english), fields=FIELDS),
        on_texts("repetition", partial(find_in_story, english=english), fields=("story",)),
    )


RULE = Rule(("repetition",), _checks)


def _one_character(text: str) -> str | None:
    found = _CHARACTERS.search(text)
    return found[0] if found else None


def _loop(words: list[str], phrase_times: int) -> str | None:
    # Every loop holds some three words three times or more; hardly any other text does.
    threes = Counter(zip(words, words[1:], words[2:], strict=False))
    if max(threes.values(), default=0) < REFRAIN_TIMES:
        return None
    often = {three for three, times in threes.items() if times >= REFRAIN_TIMES}
    return _said_again(words, _distances(words, often), phrase_times) or _refrain(words)


def _distances(words: list[str], often: set[tuple[str, str, str]]) -> list[int]:
    """How far apart the same three words stand: a loop is as long as one of these."""
    last: dict[tuple[str, str, str], int] = {}
    found = set()
    for at, three in enumerate(zip(words, words[1:], words[2:], strict=False)):
        if three in often:
            found.add(at - last.get(three, -LONGEST_LOOP - 1))
            last[three] = at
    return sorted(distance for distance in found if distance <= LONGEST_LOOP)


def _said_again(words: list[str], sizes: list[int], phrase_times: int) -> str | None:
    """A phrase of one of `sizes` words that is said again at once, as often as makes a loop."""
    for size in sizes:
        times = 6 if size == 1 else 4 if size <= 3 else phrase_times
        same = 0  # how many words in a row equal the word `size` places before
        for at in range(size, len(words)):
            same = same + 1 if words[at] == words[at - size] else 0
            if same == size * (times - 1):
                return " ".join(words[at - same - size + 1 : at + 1])
    return None


def _refrain(words: list[str]) -> str | None:
    runs = Counter(zip(*(words[start:] for start in range(REFRAIN_WORDS)), strict=False))
    if not runs:
        return None
    run, times = runs.most_common(1)[0]
    return " ".join(run) if times >= REFRAIN_TIMES else None
