"""Stories with a known share of exact, substring and near duplicates planted, for benchmarks/dedup.py.

Words are made of syllables and drawn by Zipf's law, so that stories look alike by chance as real ones do:
20,000 words, about 100 a story. Each planted copy has a source of its own, and both stand at random places of the
corpus, so what must be dropped is known: the later of the two, if the pair has the property that a method looks for.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np

VOCABULARY = 20_000
SHINGLE_WORDS, MIN_WORDS = 3, 40  # of params.yaml

#: Share of the stories that are copies, and how many words of the source a copy shares or how often it is edited.
EXACT_SHARE = 0.05
SUBSTRING_SHARE, SUBSTRING_WORDS = 0.05, (40, 70)
SHORT_SHARE, SHORT_WORDS = 0.01, (25, 39)  # below the default threshold of 40 words: must stay
NEAR_SHARE, NEAR_EDITS = 0.08, (1, 12)  # Jaccard from about 0.95 down to 0.45

Text = list[int]


@dataclass(frozen=True)
class Pair:
    """A planted copy: `late` repeats `early` (indexes into the corpus)."""

    kind: str  # exact, substring, near
    early: int
    late: int
    passage: bool  # whether both hold a passage of MIN_WORDS words
    jaccard: float  # of the sets of word shingles


def write_corpus(folder: Path, stories: int, seed: int) -> None:
    """Write stories.jsonl (records of the pipeline) and pairs.json (what was planted) to `folder`."""
    texts, pairs = planted(stories, seed)
    folder.mkdir(parents=True, exist_ok=True)
    common = {"category": "Work", "seed": "-", "model": "-"}
    with (folder / "stories.jsonl").open("w", encoding="utf-8") as stream:
        for index, text in enumerate(texts):
            row = {"id": f"{index:06}", "seed_id": f"{index // 20:05}", "story": text, **common}
            stream.write(json.dumps(row) + "\n")
    (folder / "pairs.json").write_text(json.dumps([asdict(pair) for pair in pairs]))


def planted(stories: int, seed: int) -> tuple[list[str], list[Pair]]:
    """The corpus and its planted pairs. Deterministic."""
    draw = np.random.default_rng(seed)
    counts = {
        kind: int(share * stories)
        for kind, share in (("exact", EXACT_SHARE), ("substring", SUBSTRING_SHARE), ("short", SHORT_SHARE),
                            ("near", NEAR_SHARE))
    }
    originals = _originals(stories - sum(counts.values()), draw)
    sources = iter(draw.permutation(len(originals)).tolist())
    texts: list[tuple[Text, bool]] = [(text, False) for text in originals]
    copies: list[tuple[str, int, int]] = []  # kind, source, copy
    for kind, number in counts.items():
        for source in (next(sources) for _ in range(number)):
            copies.append((kind, source, len(texts)))
            texts.append((_copy(kind, originals[source], draw), kind == "exact"))
    place = draw.permutation(len(texts))
    pairs = []
    for kind, source, copy_at in copies:
        early, late = sorted((int(place[source]), int(place[copy_at])))
        one, other = texts[source][0], texts[copy_at][0]
        passage = not shingles(one, MIN_WORDS).isdisjoint(shingles(other, MIN_WORDS))
        pairs.append(Pair("substring" if kind == "short" else kind, early, late, passage, jaccard(one, other)))
    written = [""] * len(texts)
    spelled = _vocabulary()
    for at, (text, changed) in zip(place.tolist(), texts, strict=True):
        written[at] = _prose([spelled[word] for word in text], changed)
    return written, sorted(pairs, key=lambda pair: pair.late)


def alike(stories: int, kept_share: float, seed: int) -> list[str]:
    """The worst case for near: stories of one template, 100 words, of which `kept_share` are the same in all."""
    draw = np.random.default_rng(seed)
    spelled = _vocabulary()
    template = draw.integers(VOCABULARY, size=100)
    same = np.arange(100) < 100 * kept_share
    return [_prose([spelled[w] for w in np.where(same, template, draw.integers(VOCABULARY, size=100))], False)
            for _ in range(stories)]


def jaccard(one: Text, other: Text) -> float:
    """Of the two texts' sets of word shingles."""
    first, second = shingles(one, SHINGLE_WORDS), shingles(other, SHINGLE_WORDS)
    return len(first & second) / len(first | second)


def shingles(text: Text, words: int) -> set[tuple[int, ...]]:
    """All runs of so many words."""
    return set(zip(*(text[k:] for k in range(words)), strict=False))


def _originals(number: int, draw: np.random.Generator) -> list[Text]:
    lengths = np.clip(draw.normal(100, 20, number), 60, 180).astype(int)
    odds = 1 / np.arange(1, VOCABULARY + 1)
    words = np.searchsorted(np.cumsum(odds / odds.sum()), draw.random(lengths.sum()))
    return [text.tolist() for text in np.split(np.minimum(words, VOCABULARY - 1), np.cumsum(lengths)[:-1])]


def _copy(kind: str, source: Text, draw: np.random.Generator) -> Text:
    if kind == "exact":
        return source
    if kind == "near":
        return _edited(source, int(draw.integers(NEAR_EDITS[0], NEAR_EDITS[1] + 1)), draw)
    least, most = SHORT_WORDS if kind == "short" else SUBSTRING_WORDS
    length = min(int(draw.integers(least, most + 1)), len(source) - 2)
    first = int(draw.integers(1, len(source) - length))
    around = draw.integers(VOCABULARY, size=60).tolist()
    around[29], around[30] = VOCABULARY, VOCABULARY + 1  # words of their own, so that no run is longer by chance
    return [*around[:30], *source[first : first + length], *around[30:]]


def _edited(source: Text, edits: int, draw: np.random.Generator) -> Text:
    """`edits` words replaced, removed or put in."""
    text: Text = []
    done = 0
    for at in sorted(draw.choice(np.arange(1, len(source) - 1), size=edits, replace=False).tolist()):
        text += source[done:at]
        change = int(draw.integers(3))
        if change > 0:  # replace or put in, a word that stands in no original
            text.append(VOCABULARY + int(draw.integers(2, 1000)))
        done = at + int(change < 2)  # replace or remove
    return text + source[done:]


def _vocabulary() -> list[str]:
    onsets, vowels, codas = "bdfghklmnprstvw", "aeiou", ["", "n", "r", "s"]
    syllables = ["".join(parts) for parts in product(onsets, vowels, codas)]
    pairs = ["".join(parts) for parts in product(syllables, repeat=2)]
    draw = np.random.default_rng(0)
    return [pairs[k] for k in draw.permutation(len(pairs))[: VOCABULARY + 1000]]


def _prose(words: list[str], changed: bool) -> str:
    """Sentences of 12 words; `changed` in case, punctuation and white space alone."""
    sentences = [" ".join(words[k : k + 12]).capitalize() for k in range(0, len(words), 12)]
    return "!\n".join(sentences).upper() if changed else ". ".join(sentences) + "."
