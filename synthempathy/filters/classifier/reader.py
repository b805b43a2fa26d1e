"""How the classifier reads a text: words of the normal form, with disguises undone and slips of the pen mended."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from synthempathy.filters.classifier.concepts import Concepts
from synthempathy.text.respelling import Respelling
from synthempathy.text.words import Text

#: A quotation in single quotes: these stand at the edges of words, and apostrophes inside or after one.
_SINGLE = re.compile(r"['\u2018](?<!\w['\u2018])(?=\w)([^'\u2018\u2019\n]*(?:\w['\u2019]\w[^'\u2018\u2019\n]*)*)['\u2019](?!\w)")

#: Classes whose words are found when they are misspelt, run together or torn apart: who is hated, and by what words.
RESPELLED = ("group", "contempt", "slur", "insult_noun", "insult_adj", "hating")
#: Harmful texts misspell on purpose: a word that only they hold is known from this many on.
KNOWN_FROM = 4


class Reader:
    """Reads texts by word classes and by the words that it knows."""

    def __init__(self, concepts: Concepts, known: Mapping[str, int]) -> None:
        """`known` are words and how often each was met. Of those that it lacks some are misspelt ones of RESPELLED."""
        self.concepts, self.known = concepts, dict(known)
        self._read: dict[str, Text] = {}  # what `fit` has read already; each is asked for once more
        named = set(RESPELLED)
        met = set(self.known) | concepts.words
        wanted = {word for word in met if word.isalpha() and named.intersection(concepts.of(word))}
        self._respelling = Respelling({**dict.fromkeys(concepts.words, 1), **self.known}, wanted)

    @classmethod
    def fit(cls, concepts: Concepts, texts: Iterable[tuple[str, bool]]) -> Reader:
        """Know the words of `texts`; each comes with whether it is harmful."""
        plain, harmful = Counter[str](), Counter[str]()
        read: dict[str, Text] = {}
        for raw, is_harmful in texts:
            read[raw] = concepts.read(_in_double_quotes(raw))
            (harmful if is_harmful else plain).update(read[raw].tokens)
        often = {word: times for word, times in harmful.items() if times >= KNOWN_FROM or word in plain}
        known = sorted((plain + Counter(often)).items())
        reader = cls(concepts, {word: times for word, times in known if word.isalpha() or "'" in word})
        reader._read = read
        return reader

    def read(self, raw: str) -> Text:
        """`raw` as the classifier reads it. Quotations in single quotes are read as in double ones."""
        read = self._read.pop(raw) if raw in self._read else self.concepts.read(_in_double_quotes(raw))
        return self._respelling.undone(read)


def _in_double_quotes(raw: str) -> str:
    return _SINGLE.sub(r'"\1"', raw)
