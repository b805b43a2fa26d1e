"""offensive: slurs, and insults aimed at people. Ordinary anger and swearing at things pass.

`lexicons/offensive.txt` holds what is never said here, `lexicons/insults.txt` what is only offensive when it
is said to the reader. Disguises are undone: b1tch, a$$hole, f*ck you, biiitch.
"""

from __future__ import annotations

import re
from functools import lru_cache

from synthempathy.core.records import Pair
from synthempathy.filters.verdict import FIELDS, Rule, Span, Verdict, quoting, text_in
from synthempathy.text.lexicon import Lexicon, lexicon
from synthempathy.text.words import Text, text_of

REASON = "offensive"

_PLAIN = str.maketrans("013457@$!", "oieastasi")
_BANG = re.compile(r"![a-z]")
_TOKEN = re.compile(r"""[@$]?[^\W_]+(?:['@$!*]+[^\W_]+)*\$*|[.!?;:\n"]""")
_RUN = re.compile(r"([a-z])\1\1+")


def offensive() -> Rule:
    """A rule by two lexicons, in both fields."""
    lexicons = [lexicon("offensive"), lexicon("insults")]
    known = frozenset().union(*(one.vocabulary for pair in lexicons for one in pair.values()))

    @lru_cache(maxsize=4096)
    def plain(token: str) -> str:
        return _plain_form(token, known)

    def rule(pair: Pair) -> Verdict | None:
        for field in FIELDS:
            here = [one[field] for one in lexicons]
            text = text_of(text_in(pair, field))
            hits = _hits(here, text)
            if not hits and _disguises(text):
                hits = _hits(here, Text(text.raw, _TOKEN, [plain(token) for token in _TOKEN.findall(text.lower)]))
            if hits:
                return quoting("drop", REASON, field, text.raw, *hits)
        return None

    return rule


def _hits(lexicons: list[Lexicon], text: Text) -> list[Span]:
    return [span for one in lexicons for span in one.hits(text)]


def _disguises(text: Text) -> bool:
    """May the text hold a disguised word? Quick, because nearly every text is asked."""
    lower = text.lower
    if "*" in lower or "@" in lower or "$" in lower or ("!" in lower and _BANG.search(lower)):
        return True
    return any(map(_odd, text.vocabulary))


@lru_cache(maxsize=65536)
def _odd(token: str) -> bool:
    """Does the word mix digits with letters, or say a letter three times in a row?"""
    return (not token.isalpha() and not token.isdigit() and any(c.isdigit() for c in token)) or bool(_RUN.search(token))


def _plain_form(token: str, known: frozenset[str]) -> str:
    """The known word that `token` disguises, or `token` itself."""
    if not any("a" <= character <= "z" for character in token):
        return token  # $455 is money
    letters = token.translate(_PLAIN)
    for form in (letters, _RUN.sub(r"\1", letters), _RUN.sub(r"\1\1", letters)):
        if form in known:
            return form
    stars = letters.count("*")
    if stars and 3 * stars <= 2 * len(letters) and stars < len(letters) - 1:
        hidden = re.compile(re.escape(letters).replace(r"\*", "[a-z]"))
        return next((word for word in sorted(known) if hidden.fullmatch(word)), token)
    return token
