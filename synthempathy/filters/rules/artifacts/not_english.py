"""not_english: a text, or a stretch of it, is in another language.

English is a third to a half function words. A stretch of 20 words with few of them is shown to py3langid (offline,
139 languages), and counts only if that says another language too; names, lists and slang alone never do.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from operator import sub

from synthempathy.filters.base import Field, Found, Span, quoted, text_rule
from synthempathy.text.words import MARKS, Text

STRETCH, STEP = 20, 5  # words: how long a stretch is, and how far the next one begins
LEAST_SHARE = 0.2  # of function words; of 200 responses of the embedded model, 1 stretch in 80 is below
LEAST_LETTERS = 30  # the library guesses at less

_FUNCTION_WORDS = """
a about after again all am an and any are as at be because been before being but by can can't could couldn't did
didn't do does doesn't doing don't down each even for from get go got had hadn't has hasn't have haven't having he
her here him his how i i'd i'll i'm i've if im in into is isn't it it's its just like me more my myself no not now of
off on once one only or our out over own she should so some still such than that that's the their them then there
these they they're this those through to too u until up ur us very was wasn't we we're were weren't what when where
which while who why will with without won't would wouldn't you you'd you'll you're you've your yourself
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())


def find(text: Text, field: Field) -> Found | None:
    """Every stretch of another language."""
    return quoted(text, *(span for span in _unlike_english(text) if _is_foreign(text.raw[slice(*span)])))


RULE = text_rule("not_english", find, story_as="response")


def _unlike_english(text: Text) -> list[Span]:
    """Stretches with few function words, in characters; they may overlap."""
    known = list(map(FUNCTION_WORDS.__contains__, text.words))
    spans: list[Span] = []  # of the words; read when they are needed, which is rare
    found = []
    so_far = [0, *accumulate(known)]
    if len(known) >= STRETCH:  # nearly every text is English all through, which shows at once
        fewest = min(so_far[-1] - so_far[-1 - STRETCH], *map(sub, so_far[STRETCH::STEP], so_far[::STEP]))
        if fewest >= LEAST_SHARE * STRETCH:
            return []
    for start in range(0, max(len(known) - STRETCH, 0) + STEP, STEP):
        end = min(start + STRETCH, len(known))
        start = max(0, min(start, end - STRETCH))  # the last stretch is as long as the others
        if so_far[end] - so_far[start] < LEAST_SHARE * (end - start):
            spans = spans or [span for span, token in zip(text.spans, text.tokens, strict=True) if token not in MARKS]
            found.append((spans[start][0], spans[end - 1][1]))
    return found


@lru_cache(maxsize=64)
def _is_foreign(stretch: str) -> bool:
    if sum(character.isalpha() for character in stretch) < LEAST_LETTERS:
        return False
    import py3langid  # takes half a second to load, and few texts need it

    language: str = py3langid.classify(stretch.lower())[0]
    return language != "en"
