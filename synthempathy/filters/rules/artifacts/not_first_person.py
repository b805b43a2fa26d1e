"""not_first_person: the main voice of an explanation is not that of the person who lived it.

What stands in double quotes is left out: a story in the third person quotes its hero, who says "I". One who says "I" and
answers the person ("I'm so sorry to hear of Karen's loss. I'm here for you") is a listener, and did not live it either; one is
known by English words alone. Words of the first person are English's, or those that the domain's description names; where it
names none for another language, nothing is asked. Where the verb alone says who speaks, it had better be `explanation: any`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from itertools import compress
from operator import not_

from synthempathy.domain.wording import Wording
from synthempathy.filters.base import Check, Field, Find, Found, Rule, on_texts, quoted
from synthempathy.filters.params import Filter
from synthempathy.text.normal import normal
from synthempathy.text.words import MARKS, Text, each_in

FIRST_PERSON = frozenset((
    "i", "i'm", "i've", "i'd", "i'll", "im", "ive", "me", "my", "mine", "myself",
    "we", "we're", "we've", "we'd", "we'll", "us", "our", "ours", "ourselves",
))
#: First-person words, their share of all words, and of the sentences the share that holds one. What people wrote of
#: themselves has at least 0.065 and 0.5; stories in the third person at most 0.02 and 0.18.
LEAST, LEAST_SHARE, LEAST_SENTENCES = 2, 0.03, 0.25
_END = frozenset(".!?\u2026")
_OPENS_QUOTE = tuple('"\u201c\u201e\u00ab\u00bb')
#: What a listener says: as the first words, or several times.
_LISTENER = re.compile(
    r"\bi(?:['\u2019]?m| am) (?:(?:so|very|really|truly|deeply) )*(?:sorry|glad|happy|proud|pleased|excited|saddened) to"
    r" (?:hear|see|read|learn)\b|\bsorry for (?:your|the \w+['\u2019]s|\w+['\u2019]s)\b"
    r"|\bi(?:['\u2019]?m| am) here (?:for you|to (?:help|support|listen|offer))\b"
    r"|\bthank(?:s| you) for (?:sharing|telling me|opening up)\b"
    r"|\bi (?:can )?(?:understand|imagine) how (?:you|difficult|hard)\b|\byou(?:['\u2019]re| are) not alone\b"
    r"|\b(?:your|the|this) story (?:is|of|was)\b|\bit(?:['\u2019]?s| is) (?:completely |totally )?understandable\b"
    r"|\bsorry (?:for|to have caused) any inconvenience\b|\bi can only imagine (?:the|how|what)\b"
    r"|\bi (?:have )?read (?:your|the|this) (?:story|message|words)\b"
    r"|\bif you(?:['\u2019]d like| need| want) (?:to talk|someone|any)\b", re.IGNORECASE,
)
#: Each alternative holds one of these, in the normal form: a quick look, for most texts hold none.
_SIGNS = (
    " to hear", " to see", " to read", " to learn", "sorry for ", "here for you", "here to ", "thank", "understand how ",
    "imagine how ", " not alone", "story ", "understandable", " inconvenience", " only imagine ", "i read ", "i have read ",
    "if you",
)
_LISTENER_TIMES, _AT_THE_HEAD = 2, 20


def of(wording: Wording) -> Find:
    """The check for texts in the language of `wording`, whose first person must be known (`reads`)."""
    words = frozenset(map(normal, wording.voice.pronouns)) or FIRST_PERSON
    return lambda text, field: _found(text, words, wording.english)


def find(text: Text, field: Field) -> Found | None:
    """How few words of a text are I, me, my, we and their kin."""
    return _found(text, FIRST_PERSON, True)


def reads(wording: Wording) -> bool:
    """Whether the first person's words are known."""
    return wording.english or bool(wording.voice.pronouns)


def _found(text: Text, pronouns: frozenset[str], english: bool) -> Found | None:
    outside = list(map(not_, text.quoted))
    if text.raw.strip()[:1] in _OPENS_QUOTE and text.tokens.count('"') == 2 and text.tokens[-1] == '"':
        outside = [True] * len(outside)  # the whole answer was put in quotes
    said = list(compress(text.tokens, outside))
    words = [token for token in said if token not in MARKS]
    first = sum(each_in(words, pronouns))
    if first < LEAST or first < LEAST_SHARE * len(words):
        return Found(f"{first} first-person words in {len(words)} outside quotes")
    matches = _LISTENER.finditer(text.raw) if english and any(map(text.lower.__contains__, _SIGNS)) else ()
    heard = [match for match in matches if not _is_quoted(text, match.start())]
    if heard and (len({match[0].lower() for match in heard}) >= _LISTENER_TIMES or heard[0].start() < _AT_THE_HEAD):
        return quoted(text, *(match.span() for match in heard))
    own, sentences = _sentences(said, pronouns)
    if own < LEAST_SENTENCES * sentences:
        return Found(f"the first person in {own} of {sentences} sentences")
    return None


def _is_quoted(text: Text, start: int) -> bool:
    """Whether the character at `start` stands in double quotes."""
    place = bisect_right(text.spans, (start, len(text.raw))) - 1
    return place >= 0 and text.quoted[place]


def _sentences(tokens: list[str], pronouns: frozenset[str]) -> tuple[int, int]:
    """(sentences with a word of the first person, sentences)."""
    own, sentences, holds, begun = 0, 0, False, False
    tokens = [*tokens, "."]
    for token, of_the_first in zip(tokens, each_in(tokens, pronouns), strict=True):
        if token in _END:
            own, sentences = own + (begun and holds), sentences + begun
            holds = begun = False
        elif token not in MARKS:
            begun, holds = True, holds or of_the_first
    return own, sentences


def _checks(settings: Filter) -> Iterable[Check]:
    if settings.wording.voice.explanation == "first_person":
        yield on_texts("not_first_person", of(settings.wording), fields=("explanation",))


RULE = Rule(("not_first_person",), _checks, reads)
