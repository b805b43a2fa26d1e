"""other_language: a text, or a stretch of it, is in another language than the corpus.

A language is a third to a half small words (the, of, ich, und). Where those are known, English's here and another's by the
domain's description, a stretch of 20 words with few of them is shown to py3langid (offline, 139 languages), and counts only
if that says another language too; names, lists and slang alone never do. Where they are not known, py3langid is shown texts
as a whole, and a stretch passes. A language that it does not know either is not asked about (`reads`). Languages that it
takes for one another are one to this rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache, partial
from itertools import accumulate
from operator import sub
from typing import TYPE_CHECKING

from synthempathy.domain.wording import KNOWN_BY_HEART, Wording
from synthempathy.filters.base import Check, Field, Find, Found, Rule, Span, on_texts, quoted
from synthempathy.text.normal import normal
from synthempathy.text.words import MARKS, Text, each_in

if TYPE_CHECKING:
    from synthempathy.filters.params import Filter

REASON = "other_language"
STRETCH, STEP = 20, 5  # words: how long a stretch is, and how far the next one begins
LEAST_SHARE = 0.2  # of small words; of 200 responses of the embedded model, 1 stretch in 80 is below
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
#: Languages so near that the library cannot tell a short text of one from the other's.
_NEAR = (
    {"da", "nb", "nn", "no"}, {"bs", "hr", "sr"}, {"id", "jv", "ms"}, {"cs", "sk"}, {"gl", "pt"}, {"de", "lb"},
    {"af", "fy", "nl"}, {"an", "es", "ext"}, {"ca", "oc"}, {"fr", "gcf", "gcr", "wa"}, {"it", "lij", "vec"}, {"lv", "ltg"},
    {"ar", "ary", "arz"}, {"wuu", "yue", "zh"}, {"hi", "mr", "ne"}, {"xh", "zu"}, {"kk", "ky"}, {"ku", "sdh"}, {"uz", "uzs"},
)
NO_LANGUAGE = "zxx"  # the library's word for numbers and the like


def of(wording: Wording) -> Find:
    """The check for texts in the language of `wording`."""
    small = frozenset(map(normal, wording.words.small)) or (FUNCTION_WORDS if wording.english else frozenset())
    return partial(_found, own=_like(wording.language), small=small)


def find(text: Text, field: Field) -> Found | None:
    """Every stretch that is not English."""
    return _found(text, field, own=_like(KNOWN_BY_HEART), small=FUNCTION_WORDS)


def reads(wording: Wording) -> bool:
    """Whether the library knows the language: it says which one a text is in."""
    return wording.english or not _like(wording.language).isdisjoint(_languages())


def _checks(settings: Filter) -> Iterable[Check]:
    yield on_texts(REASON, of(settings.wording), story_as="response")


RULE = Rule((REASON,), _checks, reads)


def _found(text: Text, field: Field, *, own: frozenset[str | None], small: frozenset[str]) -> Found | None:
    if not small:
        return quoted(text, (0, len(text.raw))) if _language(text.raw) not in own else None
    return quoted(text, *(span for span in _unlike(text, small) if _language(text.raw[slice(*span)]) not in own))


def _unlike(text: Text, small: frozenset[str]) -> list[Span]:
    """Stretches with few small words, in characters; they may overlap."""
    known = each_in(text.words, small)
    spans: list[Span] = []  # of the words; read when they are needed, which is rare
    found = []
    so_far = [0, *accumulate(known)]
    if len(known) >= STRETCH:  # nearly every text is of one language all through, which shows at once
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


@cache
def _like(language: str) -> frozenset[str | None]:
    """The languages that pass for it, and None for what cannot be told."""
    none = {None} if language == KNOWN_BY_HEART else {None, NO_LANGUAGE}
    return frozenset(none | {language}.union(*(near for near in _NEAR if language in near)))


@cache
def _languages() -> frozenset[str]:
    import py3langid

    return frozenset(language for language, _ in py3langid.rank("a")) - {NO_LANGUAGE}


@lru_cache(maxsize=64)
def _language(stretch: str) -> str | None:
    if sum(character.isalpha() for character in stretch) < LEAST_LETTERS:
        return None
    import py3langid  # takes half a second to load, and few texts need it

    language: str = py3langid.classify(stretch.lower())[0]
    return language
