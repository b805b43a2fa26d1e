"""personal_data: a text holds what could lead to a person, real or invented.

E-mail addresses, web addresses, handles, phone numbers (the `phonenumbers` library, and the 555 numbers that
models invent), payment cards (Luhn), and US social-security numbers. params.yaml's filter.personal_data says whether
such a pair is dropped, or each hit is replaced by its kind: [EMAIL], [URL], [HANDLE], [CARD], [SSN], [PHONE].
Numbers without a + are read as those of the countries that the domain's description names (`phone_regions`); what says that
a doubtful one is dialled ("call me at") is known in English alone.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import partial

from synthempathy.core.records import Pair
from synthempathy.domain.wording import HOME
from synthempathy.filters.base import Check, Field, Found, Rule, Span, on_texts, quoted
from synthempathy.filters.params import Filter
from synthempathy.filters.telephones import seven_digits, telephones
from synthempathy.text.normal import places, seen
from synthempathy.text.words import Text

REASON = "personal_data"
#: Ordinary texts need one round, and another to see that nothing is left.
_EXACT_ROUNDS = 5
#: All texts of a row: a hit that is masked in the explanation must not stand on in the story.
TEXTS = ("seed", "story", "explanation", "response", "reasoning")

_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}"
    r"|\b[\w.+-]{2,64} ?(?:\(at\)|\[at\]| at ) ?[\w-]{2,40} ?(?:\(dot\)|\[dot\]| dot ) ?(?:com|org|net|edu)\b",
    re.IGNORECASE,
)
_URL = re.compile(
    r"\b(?:https?://|www\.)[^\s<>\"]{3,}"
    r"|\b[a-z0-9][a-z0-9-]{1,62}(?:\.[a-z0-9-]{2,40})?\.(?:com|org|net|edu|gov|info|biz|co\.uk)(?![\w-])"
    r"|(?<![\w.-])(?:[a-z0-9-]{1,63}\.){1,3}[a-z]{2,12}/[\w~][\w~/?&=%.#+-]+",  # any domain, where a path follows
    re.IGNORECASE,
)
#: Two sentences with no space between them: "When I got home.Net result", "I told him.He/she".
_NO_SPACE = re.compile(r"\A(?:[a-z][\w-]*\.)+[A-Z][a-z]+(?![\w.-])")
#: `@home` and `@work` are short for "at home", "at work".
_HANDLE = re.compile(
    r"(?<![\w@/.])@(?!(?:home|work|school|least|all|once|night)\b)[a-z_][\w.]{2,}|(?<![\w/])/?u/[\w-]{3,}",
    re.IGNORECASE,
)
#: A user name without its @, where the place is named: "my discord is owl#0042", "snap: tim.b_99".
_NAMED_HANDLE = re.compile(
    r"\b(?:insta(?:gram)?|snap(?:chat)?|discord|tik ?tok|twitter|telegram|kik|skype|user ?name|my handle|gamertag)\b"
    r"[\W_]{1,3}(?:(?:is|name|handle|user ?name|me|as|i'm)\b[\W_]{1,3}){0,2}"
    r"(?P<name>@?[a-z](?=[\w.#-]*(?:[\d_]|[.#]\w))[\w.#-]*\w)",
    re.IGNORECASE,
)
_SPELLED_DIGITS = ("zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_LEAST_SPELLED = 7
_SPELLED = rf"(?:{'|'.join(_SPELLED_DIGITS)})"
_SPELLED_PHONE = re.compile(
    rf"\b(?!one[ ,.-]+two[ ,.-]+three){_SPELLED}(?:[ ,.-]{{1,2}}{_SPELLED}){{{_LEAST_SPELLED - 1},}}\b", re.IGNORECASE
)
_SSN = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\d-])")
_CARD = re.compile(r"(?<![\d.$-])[2-6]\d{3}(?:[ -]?\d){9,15}(?![\d-])")
_PHONE_555 = re.compile(r"(?<![\d-])(?:\(?\d{3}\)?[-. ]{1,2})?555[-. ]\d{4}(?!\d)")
_DOT_INSIDE = re.compile(r"\.[A-Za-z]")
_WORD = re.compile(r"\S+")
_DIGIT = re.compile(r"\d")
_MARKS = ".,;:!?)'*_"  # may stand after an address and are none of it


def find(text: Text, field: Field, regions: Sequence[str] = HOME) -> Found | None:
    """Every hit."""
    return quoted(text, *(span for span, _ in found_in(text.raw, regions)))


def _checks(settings: Filter) -> tuple[Check, ...]:
    asked = partial(find, regions=settings.wording.phone_regions)
    return (on_texts(REASON, asked),) if settings.personal_data == "drop" else ()


RULE = Rule((REASON,), _checks)


def without_personal_data(pair: Pair, regions: Sequence[str] = HOME) -> Pair:
    """The pair with each hit in any of its texts replaced by its kind; the same object if there is none."""
    masked = {name: text for name in TEXTS if (text := mask(getattr(pair, name), regions)) != getattr(pair, name)}
    return pair.model_copy(update=masked) if masked else pair


def mask(text: str, regions: Sequence[str] = HOME) -> str:
    """`text` with each hit replaced by its kind, until nothing is found: a mask can part what hid a number.

    Where each mask lays bare one hit only (@ab@ab@ab..), whole words are masked, and ever more around: so there are few rounds.
    """
    rounds = 0
    while hits := found_in(text, regions):
        rounds += 1
        if rounds > _EXACT_ROUNDS:
            hits = _in_words(text, hits, around=4 ** (rounds - _EXACT_ROUNDS) // 4 - 1)
        text = _masked(text, hits)
    return text


def _masked(text: str, hits: Sequence[tuple[Span, str]]) -> str:
    """`text` with the hits replaced by their kinds; of two that overlap the second from where the first ends."""
    parts: list[str] = []
    kept = 0  # from here on nothing was taken over
    for (start, end), kind in hits:
        if end > kept:
            parts += (text[kept : max(kept, start)], f"[{kind}]")
            kept = end
    return "".join((*parts, text[kept:]))


def _in_words(text: str, hits: Sequence[tuple[Span, str]], around: int) -> list[tuple[Span, str]]:
    """The hits, each with all of the words in which it stands, and so many words before and after them."""
    words = [word.span() for word in _WORD.finditer(text)]
    starts = [start for start, _ in words]
    return [
        ((words[max(0, bisect_right(starts, start) - 1 - around)][0],
          words[min(len(words), bisect_left(starts, end) + around) - 1][1]), kind)
        for (start, end), kind in hits
    ]


def found_in(text: str, regions: Sequence[str] = HOME) -> list[tuple[Span, str]]:
    """Where personal data stands, and its kind, in the order of the text; no two hits share a character.

    `regions` are the countries as whose telephone numbers those without a + are read.
    """
    plain = seen(text)  # case tells some kinds apart, so this is not the whole normal form
    hits = [*_addresses(plain), *_numbers(plain, regions)]  # the surer kinds come first
    if not hits:
        return []
    if plain != text:
        at = places(text, of_seen=True)
        hits = [((at[start], at[end - 1] + 1), kind) for (start, end), kind in hits]
    taken = bytearray(len(text))
    found = []
    for (start, end), kind in hits:
        if not any(taken[start:end]):
            taken[start:end] = b"\1" * (end - start)
            found.append(((start, end), kind))
    return sorted(found)


def _addresses(text: str) -> Iterator[tuple[Span, str]]:
    # A cheap sign of each kind is looked for first: most texts hold none of them.
    signed = "@" in text or " dot " in text or "dot)" in text or "dot]" in text or "u/" in text
    if signed:
        yield from ((_unpointed(hit), "EMAIL") for hit in _EMAIL.finditer(text))
    if _DOT_INSIDE.search(text) or "://" in text:
        yield from ((_unpointed(hit), "URL") for hit in _URL.finditer(text) if not _NO_SPACE.match(hit[0]))
    if signed:
        yield from ((_unpointed(hit), "HANDLE") for hit in _HANDLE.finditer(text))
    if "#" in text or "_" in text or _holds_digit(text) or _DOT_INSIDE.search(text):
        yield from ((hit.span("name"), "HANDLE") for hit in _NAMED_HANDLE.finditer(text))


def _holds_digit(text: str) -> bool:
    return any(map(text.__contains__, "0123456789")) or (not text.isascii() and _DIGIT.search(text) is not None)


def _unpointed(hit: re.Match[str]) -> Span:
    """Where the match stands without the marks of the sentence around it."""
    return hit.start(), hit.start() + len(hit[0].rstrip(_MARKS))


def _numbers(text: str, regions: Sequence[str]) -> Iterator[tuple[Span, str]]:
    lower = text.lower()
    if sum(map(lower.count, _SPELLED_DIGITS)) >= _LEAST_SPELLED:  # a quick look: nearly every text is asked
        yield from ((found.span(), "PHONE") for found in _SPELLED_PHONE.finditer(text))
    runs = seven_digits(text) if _holds_digit(text) else []
    if not runs:
        return
    for found in _CARD.finditer(text):
        if luhn([int(digit) for digit in found[0] if digit.isdecimal()]):
            yield found.span(), "CARD"
    yield from ((found.span(), "SSN") for found in _SSN.finditer(text))
    yield from ((found.span(), "PHONE") for found in _PHONE_555.finditer(text))
    yield from ((span, "PHONE") for span in telephones(text, runs, regions))


def luhn(digits: list[int]) -> bool:
    """Do the digits of a payment card, its check digit last, sum up by Luhn's formula?"""
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
