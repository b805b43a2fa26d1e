"""Telephone numbers in a text, by the `phonenumbers` library: valid ones, and doubtful ones where someone is told to dial.

Numbers without a + are read as those of some countries. The library is asked for each country anew, and tries every bracket
and digit: so it sees the surroundings of digits alone, other countries' numbers only where someone dials, and of a text that
holds more numbers than a person writes what looks like a telephone number is taken for one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from synthempathy.filters.base import Span
from synthempathy.filters.helplines import is_helpline

#: How they are read besides, and then without a check against the numbers in use, where someone is told to dial.
DIALLED_REGIONS = ("US", "GB", "AU", "DE", "FR", "IN", "IE", "NZ", "ZA")

#: What stands before a number that can be dialled.
_DIAL = re.compile(
    r"\b(?:call|calls|called|calling|phone|phoned|ring|rang|dial|text|texted|cell|mobile|whats ?app|fax|sms"
    r"|(?:my|his|her|your|our|their|phone|new) number|(?:clinic|office|help|hot)(?:'s)? ?line)\b",
    re.IGNORECASE,
)
_DIAL_REACH = 40  # characters from there to the number
_DIALLED_DIGITS = 9  # so many a doubtful number has at least
#: What stands before a number that is no phone's, however near a call is told of.
_NUMBERED = re.compile(
    r"\b(?:invoice|order|ticket|(?<!in )case|reference|ref|claim|account|booking|tracking|policy|receipt|file|report|bill|parcel"
    r"|reservation|confirmation|application|contract|flight|docket|complaint|request)s?\b"
    r"(?:\W{1,3}(?:number|num|nr|no|id|is|was|code|ref)\b){0,3}\W{0,3}\Z", re.IGNORECASE,
)
_NUMBERED_REACH = 40
#: A day, with a time after it perhaps.
_DATE = re.compile(
    r"(?:(?:0?[1-9]|[12]\d|3[01])([./-])(?:0?[1-9]|[12]\d|3[01])\1(?:(?:19|20)\d\d|\d\d)|(?:19|20)\d\d([./-])(?:0?[1-9]|1[0-2])\2(?:0?[1-9]|[12]\d|3[01]))"
    r"(?:[ ,T]{1,3}(?:[01]?\d|2[0-3])(?:[:.h]?[0-5]\d)?(?:[:.][0-5]\d)?)?"
)
_SEVEN_DIGITS = re.compile(r"\d(?:[ ()./-]{0,3}\d){6}")
#: More of them in a text, and each is taken for a telephone number.
_MOST_RUNS = 50
#: Digits that one number may hold: nothing that `phonenumbers` reads parts its digits further, but for white space without end.
_CLUSTER = re.compile(r"\d(?:\D{0,24}\d)*")
_BEFORE, _AFTER = 16, 8  # characters around a cluster that tell what it is: a plus and brackets, a unit
_GROUP = re.compile(r"\d+")
#: More groups of digits than that in a text's clusters, and what looks like a number is taken for one.
_MOST_GROUPS = 150
_LOOSE = re.compile(r"\d(?:[][ ()./~x+\xa0\u2010-\u2015-]{0,4}\d){6,14}")


def seven_digits(text: str) -> list[Span]:
    """Where runs of seven digits stand: without one there is no number worth looking for."""
    return [found.span() for found in _SEVEN_DIGITS.finditer(text)]


def telephones(text: str, runs: Sequence[Span], regions: Sequence[str]) -> Iterator[Span]:
    """Where telephone numbers stand; those without a + as those of `regions`. `runs` are its `seven_digits`."""
    if len(runs) > _MOST_RUNS:
        yield from runs
        return
    clusters = [found.span() for found in _CLUSTER.finditer(text)]
    if sum(len(_GROUP.findall(text, *span)) for span in clusters) > _MOST_GROUPS:
        yield from (found.span() for found in _LOOSE.finditer(text))
        return
    dialled = [hit.end() for hit in _DIAL.finditer(text)]
    yield from _read(text, clusters, dialled, regions, sure_of=True)
    if dialled:
        near = [
            span for span in clusters if _is_near(dialled, span[0] - _BEFORE, span[1])
            and sum(map(str.isdecimal, text[slice(*span)])) >= _DIALLED_DIGITS
        ]
        yield from _read(text, near, dialled, [region for region in DIALLED_REGIONS if region not in regions], sure_of=False)


def _read(
    text: str, clusters: Sequence[Span], dialled: Sequence[int], regions: Sequence[str], *, sure_of: bool,
) -> Iterator[Span]:
    """Numbers of `regions` that are dialled, and with `sure_of` those that are valid."""
    import phonenumbers  # takes a while to import, and few texts hold digits

    wanted = phonenumbers.Leniency.POSSIBLE if dialled else phonenumbers.Leniency.VALID
    for region in dict.fromkeys(regions):
        for first, end in clusters:
            offset = max(0, first - _BEFORE)
            for found in phonenumbers.PhoneNumberMatcher(text[offset : end + _AFTER], region, leniency=wanted):
                start = offset + found.start
                sure = sure_of and phonenumbers.is_valid_number(found.number)
                near = _is_near(dialled, start, start)
                digits = "".join(c for c in found.raw_string if c.isdecimal())
                if is_helpline(digits) or _DATE.fullmatch(found.raw_string):
                    continue
                if _NUMBERED.search(text[max(0, start - _NUMBERED_REACH) : start]):
                    sure, near = sure and not found.raw_string.isdecimal(), False
                if sure or (near and len(digits) >= _DIALLED_DIGITS):
                    yield start, start + len(found.raw_string)


def _is_near(dialled: Sequence[int], first: int, last: int) -> bool:
    """Is one of the places `dialled`, in their order, within reach before a number that begins from `first` to `last`?"""
    before = bisect_right(dialled, last)
    return before > 0 and first - dialled[before - 1] <= _DIAL_REACH
