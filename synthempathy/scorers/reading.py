"""How a scorer reads a text: sentences, and words that look the same however they were typed.

A form of its own, not that of `synthempathy.text.words`: what is read here are features. So emoji and <3 count as words,
slang is spelled out, "I am", "I'm" and "im" are one word, and all numbers are alike. Its words cannot be cut from the
tokeniser's, which knows no emoji and keeps "3am" and "naïve" whole; and a saved scorer's vocabulary is in this form.

English is read by the letters a to z; for any other language (`any_script`) letters of every script are letters. What is
spelled out and joined is English, and elsewhere renames a few short words. Text in a script without spaces is one word a clause.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_BREAK = re.compile(r"(?:(?<=[.!?])|(?<=[.!?][\"'”’)\]“«»]))\s+|\n+|(?<=[。！？])(?![”」』])\s*|(?<=[。！？][”」』])\s*")
_TOKEN = re.compile(r"[a-z]+|\d+|<3|[:;]-?[()d](?![a-z])|[\u2600-\u27bf\U0001f300-\U0001faff]")
_ANY_TOKEN = re.compile(r"[^\W\d_]+|\d+|<3|[:;]-?[()d](?![a-z])|[\u2600-\u27bf\U0001f300-\U0001faff]")
_ASKED = ("?", "？", "؟")
_APOSTROPHES = str.maketrans("", "", "'’‘`")
_AFTER_MARK = "\"'”’)]!* “«»」』"
#: Written apart or together, these are one word to the scorer.
_JOINED = {
    ("i", "am"): "im", ("i", "have"): "ive", ("you", "are"): "youre", ("you", "have"): "youve", ("it", "is"): "its",
    ("that", "is"): "thats", ("do", "not"): "dont", ("can", "not"): "cant", ("you", "will"): "youll", ("what", "is"): "whats",
}
_SLANG = {"ur": "your", "u": "you", "cuz": "because", "bc": "because", "luv": "love", "thx": "thanks"}


@dataclass(frozen=True)
class Sentence:
    """A sentence of a text: its place in it, its words, and whether it ends with a question mark."""

    start: int
    end: int
    words: tuple[str, ...]
    asked: bool


def sentences(text: str, *, any_script: bool = False) -> list[Sentence]:
    """The text's sentences that hold at least one word, in order. A line break ends a sentence too."""
    found: list[Sentence] = []
    start = 0
    for end, after in [(m.start(), m.end()) for m in _BREAK.finditer(text)] + [(len(text), len(text))]:
        part = text[start:end]
        spoken = words(part, any_script=any_script)
        if spoken:
            found.append(Sentence(start, end, spoken, part.rstrip(_AFTER_MARK).endswith(_ASKED)))
        start = after
    return found


def words(text: str, *, any_script: bool = False) -> tuple[str, ...]:
    """Lower case, no apostrophes ("im" for "I'm" and "I am"), numbers as 0, emoji and <3 kept, other marks dropped."""
    out: list[str] = []
    plain = (unicodedata.normalize("NFC", text) if any_script else text).lower().translate(_APOSTROPHES)
    for token in (_ANY_TOKEN if any_script else _TOKEN).findall(plain):
        word = "0" if token.isdigit() else _SLANG.get(token, token)
        joined = _JOINED.get((out[-1], word)) if out else None
        if joined:
            out[-1] = joined
        else:
            out.append(word)
    return tuple(out)


def is_silent(text: str) -> bool:
    """Whether the text holds no word, in any script, and no emoji."""
    return not words(text) and not any(map(str.isalnum, text))
