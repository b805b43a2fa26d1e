"""The methods of dedup in turn, each over the texts that the one before it left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from synthempathy.core.progress import say
from synthempathy.dedup.exact import Duplicate, exact_duplicates
from synthempathy.dedup.params import Dedup
from synthempathy.dedup.semantic import semantic_duplicates
from synthempathy.dedup.spans import characters, pieces_of
from synthempathy.dedup.substring import repeated_substrings
from synthempathy.dedup.trim import Trim, trim_repeats
from synthempathy.text.minhash import near_duplicates
from synthempathy.text.numbered import NumberedTexts, words_of

REASONS = ("exact", "substring", "near", "semantic")


@dataclass
class Repeats:
    """What became of the texts. All indexes are those of `texts`."""

    texts: list[str]  # as they go on: trimmed where a repeat was cut out
    dropped: dict[int, tuple[str, Duplicate]] = field(default_factory=dict)  # and by which method
    trims: dict[int, list[Trim]] = field(default_factory=dict)  # of kept and of dropped texts


@dataclass
class _Found:
    """What one method found, numbered within the texts that it saw."""

    duplicates: list[Duplicate]
    words: NumberedTexts
    texts: dict[int, str] = field(default_factory=dict)
    trims: dict[int, list[Trim]] = field(default_factory=dict)


def find_repeats(texts: list[str], settings: Dedup, device: str = "auto") -> Repeats:
    """Run the methods that are switched on. `device` is where an embedding model runs, if there is one."""
    repeats = Repeats(list(texts))
    words, left = words_of(texts), list(range(len(texts)))
    for reason, search in _methods(settings, device):
        found = search([repeats.texts[i] for i in left], words)
        for one in found.duplicates:
            repeats.dropped[left[one.index]] = reason, replace(one, index=left[one.index], partner=left[one.partner])
        for index, trims in found.trims.items():
            repeats.trims[left[index]] = [replace(trim, partner=left[trim.partner]) for trim in trims]
        for index, text in found.texts.items():
            repeats.texts[left[index]] = text
        trimmed = f", {len(found.texts)} are trimmed" if found.texts else ""
        say(f"dedup: {reason}: {len(found.duplicates)} of {len(left)} stories repeat an earlier one{trimmed}")
        stay = [k for k, index in enumerate(left) if index not in repeats.dropped]
        words, left = found.words.take(stay), [left[k] for k in stay]
    return repeats


def _methods(settings: Dedup, device: str) -> Iterator[tuple[str, Callable[[list[str], NumberedTexts], _Found]]]:
    """The methods that are switched on, in their order."""
    near, substring, semantic = settings.near, settings.substring, settings.semantic
    if settings.exact:
        yield "exact", lambda texts, words: _Found(exact_duplicates(words), words)
    if substring.enabled and substring.action == "drop":
        yield "substring", lambda texts, words: _Found(
            _placed(repeated_substrings(words, substring.min_words), texts), words
        )
    elif substring.enabled:
        yield "substring", lambda texts, words: _trimmed(texts, words, substring.min_words, substring.min_words_left)
    if near.enabled:
        yield "near", lambda texts, words: _Found(
            [
                Duplicate(index, partner, {"similarity": similarity})
                for index, partner, similarity in near_duplicates(
                    words, threshold=near.threshold, permutations=near.permutations,
                    shingle_words=near.shingle_words, seed=near.seed,
                )
            ],
            words,
        )
    if semantic.enabled:
        yield "semantic", lambda texts, words: _Found(semantic_duplicates(texts, semantic, device), words)


def _placed(duplicates: list[Duplicate], texts: list[str]) -> list[Duplicate]:
    """With `characters` after `span`: where the repeat stands in the text itself."""
    return [
        replace(one, evidence={
            "span": one.evidence["span"],
            "characters": characters(pieces_of(texts[one.index]), *one.evidence["span"]),
            "length": one.evidence["length"],
        })
        for one in duplicates
    ]


def _trimmed(texts: list[str], words: NumberedTexts, min_words: int, min_words_left: int) -> _Found:
    found = trim_repeats(texts, words, min_words=min_words, min_words_left=min_words_left)
    return _Found(list(found.dropped.values()), found.words, found.texts, found.trims)
