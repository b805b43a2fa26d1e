"""Lexicons: phrases as plain text, one a line, found in linear time.

    # comment
    kill(s|ed|ing) yourself|himself   word forms, and alternatives
    end .. my life                    `..` stands for up to three words
    i am just? an ai                  `?`: the word may be missing
    ! drug store                      an exception: a hit that shares a word with it does not count
    unless: not never                 a hit does not count up to five words after one of these
    unless near: if want              nor after these, where no comma stands between
    unless quoted                     a hit does not count inside double quotes
    [response]                        what follows is for this section alone; `[both]` ends it

A phrase matches whole words in any case, with curly or straight apostrophes, over commas and hyphens,
never over the end of a sentence or a quotation mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import TypeVar

from synthempathy.core.errors import InputError
from synthempathy.core.files import read_text
from synthempathy.text.words import MARKS, Text

Section = TypeVar("Section", bound=str)

GAP_WORDS = 3
GUARD_WORDS = 5

#: Words of most texts: bad to look phrases up by.
_COMMON = """
a about after again all always am an and any are as at back be because been before being but by can could day
did do does doing don't down every feel feeling felt first for from get getting go going good got had has have
having he her here him his how i i'm if in into is it it's just know last life like make me more my myself never
new next no not now of off on one or our out over own said say she should so some still such take tell that
that's the their them then there they think this through time to told too took two until up us very want wanted
was way we week well went were what when while who why will with without work would year you your
"""
COMMON = frozenset(_COMMON.split())

#: A phrase: the words allowed at each place, or None for a gap.
Slots = tuple[frozenset[str] | None, ...]
#: The words allowed at its other places than the rarest, rarer ones first.
Needed = tuple[frozenset[str], ...]

_SLOT = re.compile(r"[a-z0-9'|]+(?:\([a-z'|]+\)[a-z0-9'|]*)*\??")
_FORMS = re.compile(r"(?<![a-z0-9'])([a-z0-9']+)\(([a-z'|]+)\)")


@dataclass
class _Phrases:
    """Phrases by the words of their rarest place: no other text than one that holds such a word is looked at."""

    by_word: dict[str, list[tuple[Slots, Needed]]] = field(default_factory=dict)
    words: frozenset[str] = frozenset()

    def add(self, slots: Slots) -> None:
        rarest, *others = sorted((slot for slot in slots if slot is not None), key=_rarity, reverse=True)
        for word in sorted(rarest):
            self.by_word.setdefault(word, []).append((slots, tuple(others)))
        self.words |= rarest

    def spans(self, text: Text) -> list[tuple[int, int]]:
        """Start and end (not included) of each hit, in tokens, in the order of the text."""
        found = set()
        for slots in self._possible(text.vocabulary):
            for start in (at for word in slots[0] or () for at in text.places.get(word, ())):
                end = _end(text.tokens, start, slots)
                if end is not None:
                    found.add((start, end))
        return sorted(found)

    def _possible(self, vocabulary: frozenset[str]) -> set[Slots]:
        """The phrases that have a word of the text for each place: few, and nearly every text is asked."""
        possible = set()
        for word in self.words & vocabulary:
            for slots, others in self.by_word[word]:
                for slot in others:
                    if slot.isdisjoint(vocabulary):
                        break
                else:
                    possible.add(slots)
        return possible


def _rarity(slot: frozenset[str]) -> tuple[bool, int, list[str]]:
    return slot.isdisjoint(COMMON), min(len(word) for word in slot), sorted(slot)


class Lexicon:
    """The phrases of one file that hold for one section."""

    def __init__(self) -> None:
        self._wanted, self._exceptions = _Phrases(), _Phrases()
        self._guards: dict[str, bool] = {}  # word -> does it hold over a comma?
        self._not_quoted = False
        self.vocabulary: set[str] = set()

    def add(self, slots: Slots, *, exception: bool) -> None:
        """Add a phrase, or an exception."""
        (self._exceptions if exception else self._wanted).add(slots)
        self.vocabulary.update(*(slot for slot in slots if slot))

    def guard(self, words: list[str], *, over_commas: bool) -> None:
        """Let hits not count shortly after one of `words`."""
        self._guards.update(dict.fromkeys(words, over_commas))

    def pass_quoted(self) -> None:
        """Let hits not count inside double quotes."""
        self._not_quoted = True

    def hits(self, text: Text) -> Iterator[tuple[int, int]]:
        """Every hit in the order of the text, in characters; hits may overlap."""
        excepted: set[int] | None = None
        for start, end in self._wanted.spans(text):
            if excepted is None:
                excepted = {i for span in self._exceptions.spans(text) for i in range(*span)}
            if excepted.isdisjoint(range(start, end)) and not self._guarded(text, start):
                yield text.spans[start][0], text.spans[end - 1][1]

    def _guarded(self, text: Text, start: int) -> bool:
        if self._not_quoted and text.quoted[start]:
            return True
        for at in range(start - 1, max(0, start - GUARD_WORDS) - 1, -1):
            if text.tokens[at] in MARKS:
                return False
            over_commas = self._guards.get(text.tokens[at])
            if over_commas or (over_commas is False and "," not in text.raw[text.spans[at][0] : text.spans[start][0]]):
                return True
        return False


def read_lexicon(path: Path, sections: tuple[Section, ...]) -> dict[Section, Lexicon]:
    """The lexicon in `path`, by section. InputError names file and line of what is not in the language."""
    found = {section: Lexicon() for section in sections}
    here = sections
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        if entry.startswith("["):
            here = _sections(entry, sections, path, number)
            continue
        for one in (found[section] for section in here):
            if entry.startswith("unless:"):
                one.guard(entry.removeprefix("unless:").split(), over_commas=True)
            elif entry.startswith("unless near:"):
                one.guard(entry.removeprefix("unless near:").split(), over_commas=False)
            elif entry == "unless quoted":
                one.pass_quoted()
            else:
                for slots in _phrases(entry.removeprefix("!"), path, number):
                    one.add(slots, exception=entry.startswith("!"))
    return found


def _sections(entry: str, sections: tuple[Section, ...], path: Path, number: int) -> tuple[Section, ...]:
    named = sections if entry == "[both]" else tuple(section for section in sections if entry == f"[{section}]")
    if not named:
        known = ", ".join(f"[{section}]" for section in sections)
        raise InputError("unknown section", file=path, line=number, value=entry, hint=f"use {known} or [both]")
    return named


def _phrases(entry: str, path: Path, number: int) -> Iterator[Slots]:
    """The phrase with and without each of its optional words."""
    choices: list[tuple[frozenset[str] | bool | None, ...]] = []
    for part in entry.split():
        if part == "..":
            choices.append((None,))
        elif _SLOT.fullmatch(part):
            words = words_of_slot(part.removesuffix("?"))
            choices.append((words, False) if part.endswith("?") else (words,))
        else:
            raise InputError(
                "not a phrase", file=path, line=number, value=part,
                hint="write lower-case words, a|b, walk(s|ed), `..` or word?",
            )
    for chosen in product(*choices):
        slots = tuple(slot for slot in chosen if not isinstance(slot, bool))
        if not slots or slots[0] is None or slots[-1] is None:
            raise InputError("a phrase begins and ends with a word", file=path, line=number, value=entry.strip())
        yield slots


def words_of_slot(part: str) -> frozenset[str]:
    """`kill(s|ed)|end` -> kill, kills, killed, end."""
    plain = _FORMS.sub(lambda m: "|".join(m[1] + ending for ending in ("", *m[2].split("|"))), part)
    return frozenset(word for word in plain.split("|") if word)


def _end(tokens: list[str], at: int, slots: Slots) -> int | None:
    """Where `slots` end if they match at `at`. Each gap tries a fixed number of places: linear over a text."""
    for place, slot in enumerate(slots):
        if slot is None:
            return _end_after_gap(tokens, at, slots[place + 1 :])
        if at >= len(tokens) or tokens[at] not in slot:
            return None
        at += 1
    return at


def _end_after_gap(tokens: list[str], at: int, rest: Slots) -> int | None:
    for skipped in range(GAP_WORDS + 1):
        end = _end(tokens, at + skipped, rest)
        if end is not None:
            return end
        if at + skipped >= len(tokens) or tokens[at + skipped] in MARKS:
            return None
    return None
