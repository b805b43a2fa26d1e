"""The one form in which texts are compared, by deduplication, by the filter and by the checks of answers.

NFKC (full-width, mathematical and circled letters become plain ones), without characters that nobody sees (zero-width
spaces, joiners, soft hyphens, marks of direction: Unicode's format characters, and fillers), without marks that combine with
a letter, with letters of other scripts that look like Latin ones as these, in lower case. For comparison only: nothing is
written in this form, and evidence points into the text as it stands (`places`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

#: Seen by nobody, yet not of Unicode's class Cf: fillers, and selectors of a variant.
_FILLERS = frozenset((0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)).union(
    range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0)
)
#: Marks that combine with letters of the European scripts, and strike them through. Others, as India's, make the word.
_COMBINING = frozenset(range(0x0300, 0x0370)).union(
    range(0x1AB0, 0x1B00), range(0x1DC0, 0x1E00), range(0x20D0, 0x2100), range(0xFE20, 0xFE30)
)
_LATIN = (
    ("АВЕЅІЈКМНОРСТУХԚԜҮаЬсԁеҽһіјӏкмнопрԛѕтуѵԝхүв", "abesijkmhopctyxqwyabcdeehijlkmhonpqstyvwxyb"),  # Cyrillic
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαβγεηικνορςτυχω", "abezhikmnoptyxabyenikvopstuxw"),  # Greek
    ("օսոհցզյԱՕՍ", "ounhgqjuou"),  # Armenian
    ("ᎪᎬᎻᎷᏟᏚᏀᏒᏞᏢᎠᎢᏙᏃ", "aehmcsgrlpdtvz"),  # Cherokee
    ("ıɑɡɩɪʏʙɴʀʟʜᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢꜰꜱʋøØđĐħĦłŁŧŦƒ℮ðÐ", "iagiiybnrlhacdejkmoptuvwzfsvooddhhllttfedd"),  # Latin, bent
)
LOOKALIKES = {
    **{letter: plain for letters, plains in _LATIN for letter, plain in zip(letters, plains, strict=True)},
    **{chr(first + k): chr(ord("a") + k) for first in (0x1F150, 0x1F170) for k in range(26)},  # letters on a disc or a square
    "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe",
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u02bc": "'", "\u2032": "'",
    **dict.fromkeys("\u201e\u201f\u00ab\u00bb\u300c\u300d\u300e\u300f", '"'),  # quotation marks of other languages
    **dict.fromkeys("\u3002\u0964\u06d4", "."), "\u061f": "?",  # and their ends of sentences
}


class _Folded(dict[int, str]):
    """Code of a character -> what stands for it. For str.translate."""

    def __init__(self, *, alike: bool) -> None:
        """With `alike`, look-alikes, marks and case are folded; without, only NFKC's forms are, and what is unseen goes."""
        super().__init__()
        self._alike = alike

    def __missing__(self, code: int) -> str:
        self[code] = "".join(self._of(one) for one in unicodedata.normalize("NFKC", chr(code))) if not unseen(code) else ""
        return self[code]

    def _of(self, character: str) -> str:
        if unseen(ord(character)):
            return ""
        if not self._alike:
            return character
        if ord(character) in _COMBINING:
            return ""
        base = unicodedata.normalize("NFD", character)
        if len(base) > 1 and all(ord(mark) in _COMBINING for mark in base[1:]):
            character = base[0]
        folded = LOOKALIKES.get(character, character).casefold()
        return "".join(LOOKALIKES.get(one, one) for one in folded)


_ALIKE, _SEEN = _Folded(alike=True), _Folded(alike=False)


def normal(text: str) -> str:
    """The form in which texts are compared.

    >>> normal("\\uff28\\u0430\\u200bT\\u00e9")
    'hate'
    """
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).translate(_ALIKE)


def normal_in_place(text: str) -> str:
    """As `normal`, character by character, so that `places` can say where each stands: letters and marks join nothing else."""
    return text.lower() if text.isascii() else text.translate(_ALIKE)


def seen(text: str) -> str:
    """`text` in NFKC's forms, character by character, without what nobody sees. Case, accents and scripts stay."""
    return text if text.isascii() else text.translate(_SEEN)


def places(text: str, *, of_seen: bool = False) -> Sequence[int]:
    """For each character of `normal_in_place(text)` (or of `seen(text)`), its place in `text`."""
    if text.isascii():
        return range(len(text))
    table = _SEEN if of_seen else _ALIKE
    return [at for at, character in enumerate(text) for _ in table[ord(character)]]


def unseen(code: int) -> bool:
    """Whether nobody sees the character, alone or among others."""
    return code in _FILLERS or unicodedata.category(chr(code)) == "Cf"
