"""Disguised words read as what they disguise: b1tch, a$$hole, f*ck, biiitch, f u c k."""

from __future__ import annotations

import re
from collections.abc import Callable, Set
from functools import lru_cache

from synthempathy.core.memo import Memo
from synthempathy.text.words import Text

LETTERS = 4  # so many different letters that stand alone may spell a word, besides "a", "I" and the like

_LOOKALIKES = str.maketrans("013457@$!", "oieastasi")
_BANG = re.compile(r"![a-z]")
_RUN = re.compile(r"([a-z])\1\1+")
_TOKEN = r"""[@$]?[^\W_]+(?:['@$!*]+[^\W_]+)*\$*|[.!?;:\n"]"""
_SPELLED = r"\b[a-z](?:[ .][a-z]){2,}\b"


class Disguises:
    """Finds known words under their disguises."""

    def __init__(self, words: Set[str], *, belongs: Callable[[str], bool] | None = None, spelled: bool = False) -> None:
        """`words` are known, and so are those that `belongs` accepts (by a stem, say), but for letters put as `*`.

        With `spelled`, letters that stand alone are read together, and a number with its unit is no disguise.
        """
        self._words, self._starred = words, _Starred(words)
        self._belongs, self._spelled = belongs or words.__contains__, spelled
        self._pattern = re.compile(f"{_SPELLED}|{_TOKEN}" if spelled else _TOKEN)
        self._shown = lru_cache(maxsize=4096)(self._uncovered)

    def undone(self, text: Text) -> Text:
        """`text` with the words that are disguised as its tokens; itself where there can be none."""
        if not self._possible(text):
            return text
        return Text(text.raw, self._pattern, [self._plain(token) for token in self._pattern.findall(text.lower)])

    def _possible(self, text: Text) -> bool:
        """May the text hold a disguised word? Quick, because nearly every text is asked."""
        lower = text.lower
        if "*" in lower or "@" in lower or "$" in lower:
            return True
        if "!" in lower.rstrip("!") and (self._spelled or _BANG.search(lower)):
            return True
        kinds = list(map(_KIND.__getitem__, text.vocabulary))
        if self._spelled:
            return "odd" in kinds or kinds.count("letter") >= LETTERS
        return "odd" in kinds or "measure" in kinds

    def _plain(self, token: str) -> str:
        if len(token) > 1 and (" " in token or "." in token):
            joined = token.replace(" ", "").replace(".", "")
            return joined if self._belongs(joined) else token
        if token.isalpha() and not _RUN.search(token):
            return token
        if not any("a" <= character <= "z" for character in token):
            return token  # $455 is money
        return self._shown(token)

    def _uncovered(self, token: str) -> str:
        """The known word that `token` disguises, or `token` itself."""
        letters = token.translate(_LOOKALIKES)
        for form in (letters, _RUN.sub(r"\1", letters), _RUN.sub(r"\1\1", letters)):
            if form in self._words:
                return form
        stars = letters.count("*")
        if stars and 3 * stars <= 2 * len(letters) and stars < len(letters) - 1:
            return self._starred.first(letters) or token
        return letters if not stars and self._belongs(letters) else token


class _Starred:
    """Words to be found by some of their letters: a text may hold thousands of starred words, each another one."""

    def __init__(self, words: Set[str]) -> None:
        """All words of one length are numbered, and a set of them is the bits of one integer."""
        self._words: dict[int, list[str]] = {}
        self._with: dict[tuple[int, int, str], int] = {}  # by length, place and letter; * for any letter
        for word in sorted(words):
            alike = self._words.setdefault(len(word), [])
            bit = 1 << len(alike)
            alike.append(word)
            for at, letter in enumerate(word):
                for key in (letter, "*") if "a" <= letter <= "z" else (letter,):
                    self._with[len(word), at, key] = self._with.get((len(word), at, key), 0) | bit

    def first(self, starred: str) -> str:
        """The first word that may be written so, a * for any letter from a to z; or nothing."""
        length = len(starred)
        alike = self._words.get(length, [])
        fitting = (1 << len(alike)) - 1
        for at, letter in enumerate(starred):
            if not fitting:
                return ""
            fitting &= self._with.get((length, at, letter), 0)
        return alike[(fitting & -fitting).bit_length() - 1] if fitting else ""


def _kind(token: str) -> str:
    """odd for a word that mixes digits with letters, or says a letter three times in a row; measure for 5pm; letter for b."""
    mixed = not token.isalpha() and not token.isdigit() and any(c.isdigit() for c in token)
    if mixed or _RUN.search(token):
        return "measure" if token[0].isdigit() and token.lstrip("0123456789").isalpha() else "odd"
    return "letter" if len(token) == 1 and token.isalpha() else ""


_KIND: Memo[str, str] = Memo(_kind, most=65536)
