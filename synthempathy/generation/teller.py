"""Who tells an explanation: the person whom the story is about, or one who looks on.

A small model keeps the first person and changes the teller: "I watched Lena walk into her room", of Lena's own story. The name
that a story begins with, and that it names most often, is its hero's; an explanation that speaks of the hero by that name is told
by somebody else.
"""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher
from pathlib import Path

from synthempathy.text.words import text_of

_NAME = re.compile(r"(?<![\w'\u2019-])[A-Z\u00c0-\u00de][^\W\d_A-Z]{2,}(?![\w-])")
#: Letters of a name that may be misspelt, and how alike it then is (difflib's ratio): Christian is not Christina.
_LONG_NAME, _ALIKE = 7, 0.9
#: Characters before a name that are looked at.
_BEFORE = 80
_SMALL = re.compile(r"(?<![\w'\u2019-])[a-z\u00df-\u00ff]{3,}(?![\w-])")
#: Words that begin a sentence with a capital, and names of no person.
_NO_NAMES = frozenset((Path(__file__).parent / "no_names.txt").read_text(encoding="utf-8").split())
#: The hero's own words of their name: "I'm Lena", "my name is Lena", "they call me Lena", "me, Lena".
_OWN_NAME = re.compile(
    r"\b(?:I(?:['\u2019]?m| am)|name(?:['\u2019]s| is| was)|call(?:s|ed)? me|me|I|myself)[ ,]+(?:called |named )?\Z",
    re.IGNORECASE,
)
#: The story's own words before its hero's name: "a man named Jack", "her name was Sarah", "there lived Emma".
_INTRODUCED = re.compile(
    r"\b(?:(?:an?|one) [^.!?]{0,50}(?:named|called)|(?:her|his|their) name (?:is|was)|there (?:lived|was)) \Z", re.IGNORECASE
)
#: After a name: a family name, another in quotes, a dash; then the sentence goes on.
_GOES_ON = re.compile(
    r"(?:['\u2019]s)?(?: [A-Z][\w'\u2019-]*| [\"\u201c][^\"\u201d]{1,20}[\"\u201d])*(?: [-\u2013\u2014])?,?\s+[A-Za-z]"
)
#: What stands before a name and makes it another's: "his boss, Mark", "with Emma"; or somebody was spoken of already.
_ANOTHERS = re.compile(
    r"(?:\b(?:my|his|her|their|our) [a-z]+,?|\b(?:my|with|from|to|by|for|at|in|on|of|and|the)) \Z|\b(?:she|he|they|i)\b",
    re.IGNORECASE,
)


def heroes_of(story: str) -> frozenset[str]:
    """The names of the person whom a story in the third person is about; none where it names nobody for certain."""
    plain = set(_SMALL.findall(story))  # what stands in small letters too is no name
    names = [match for match in _NAME.finditer(story) if match[0].lower() not in plain | _NO_NAMES]
    introduced = frozenset(name[0] for name in names if _INTRODUCED.search(_before(story, name.start())))
    if introduced or not names:
        return introduced
    first = names[0]
    if _ANOTHERS.search(_before(story, first.start())) or not _GOES_ON.match(story, first.end()):
        return frozenset()
    counted = Counter(name[0] for name in names)
    return frozenset((first[0],)) if counted[first[0]] == max(counted.values()) else frozenset()


def another_tells(story: str, explanation: str) -> bool:
    """Whether the explanation speaks of the story's hero by name, outside quotes and where it is not the teller's own."""
    heroes = heroes_of(story)
    if not heroes:
        return False
    text = text_of(explanation)
    return any(
        not quoted and _named(re.sub(r"['\u2019]s\Z", "", text.raw[start:end]), heroes)
        and not _OWN_NAME.search(_before(text.raw, start))
        for (start, end), quoted in zip(text.spans, text.quoted, strict=True)
    )


def _named(word: str, heroes: frozenset[str]) -> bool:
    """Whether a word is a hero's name, or a long one that the model misspelt: Avaaratha for Avaaraatha."""
    return word in heroes or (
        len(word) >= _LONG_NAME and word[0].isupper()
        and any(len(name) >= _LONG_NAME and SequenceMatcher(None, word, name).ratio() >= _ALIKE for name in heroes)
    )


def _before(text: str, start: int) -> str:
    return text[max(0, start - _BEFORE) : start]
