"""personal_data: a text holds what could lead to a person, real or invented.

E-mail addresses, web addresses, handles, phone numbers (the `phonenumbers` library, and the 555 numbers that
models invent), payment cards (Luhn), and US social-security numbers.
"""

from __future__ import annotations

import re

from stages.common.records import Pair
from stages.curation.rules.verdict import FIELDS, Verdict, text_in

REASON = "personal_data"
PHONE_REGIONS = ("US", "GB")  # how numbers without a + are read

_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}"
    r"|\b[\w.+-]{2,64} ?(?:\(at\)|\[at\]| at ) ?[\w-]{2,40} ?(?:\(dot\)|\[dot\]| dot ) ?(?:com|org|net|edu)\b",
    re.IGNORECASE,
)
_URL = re.compile(
    r"\b(?:https?://|www\.)[^\s<>\"]{3,}"
    r"|\b[a-z0-9][a-z0-9-]{1,62}(?:\.[a-z0-9-]{2,40})?\.(?:com|org|net|edu|gov|info|biz|co\.uk)(?![\w-])",
    re.IGNORECASE,
)
#: `@home` and `@work` are short for "at home", "at work".
_HANDLE = re.compile(
    r"(?<![\w@/.])@(?!(?:home|work|school|least|all|once|night)\b)[a-z_][\w.]{2,}|(?<![\w/])/?u/[\w-]{3,}",
    re.IGNORECASE,
)
_SSN = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\d-])")
_CARD = re.compile(r"(?<![\d.$-])[2-6]\d{3}(?:[ -]?\d){9,15}(?![\d-])")
_PHONE_555 = re.compile(r"(?<![\d-])(?:\(?\d{3}\)?[-. ]{1,2})?555[-. ]\d{4}(?!\d)")
_SEVEN_DIGITS = re.compile(r"\d(?:[ ()./-]{0,3}\d){6}")
_DOT_INSIDE = re.compile(r"\.[A-Za-z]")
_DIGIT = re.compile(r"\d")


def personal_data(pair: Pair) -> Verdict | None:
    """Drop a pair with personal data in a text."""
    for field in FIELDS:
        text = text_in(pair, field)
        hit = _address(text) or _number(text)
        if hit is not None:
            return Verdict("drop", REASON, field, hit)
    return None


def _address(text: str) -> str | None:
    # A cheap sign of each kind is looked for first: most texts hold none of them.
    if "@" in text or " dot " in text or "dot)" in text or "dot]" in text or "u/" in text:
        found = _EMAIL.search(text) or _HANDLE.search(text)
        if found:
            return found[0]
    found = _URL.search(text) if _DOT_INSIDE.search(text) or "://" in text else None
    return found[0] if found else None


def _number(text: str) -> str | None:
    if not _DIGIT.search(text) or not _SEVEN_DIGITS.search(text):
        return None
    for found in _CARD.finditer(text):
        if luhn([int(digit) for digit in found[0] if digit.isdigit()]):
            return found[0]
    fixed = _SSN.search(text) or _PHONE_555.search(text)
    return fixed[0] if fixed else _phone(text)


def _phone(text: str) -> str | None:
    import phonenumbers  # takes a while to import, and few texts hold digits

    for region in PHONE_REGIONS:
        for found in phonenumbers.PhoneNumberMatcher(text, region):
            return found.raw_string
    return None


def luhn(digits: list[int]) -> bool:
    """Do the digits of a payment card, its check digit last, sum up by Luhn's formula?"""
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
