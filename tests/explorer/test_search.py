"""The index of words: what is a word, how its rows are written, and that shards hold all of them in JavaScript's order."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from synthempathy.explorer import search
from synthempathy.explorer.search import WORD_CHARACTERS, encoded, postings_of, words_of, write_index


def decoded(coded: str, count: int) -> list[int]:
    """What web/search.js does."""
    data = base64.b64decode(coded[1:])
    if coded[0] == "b":
        return [at for at in range(count) if data[at >> 3] >> (at & 7) & 1]
    rows, step, shift, row = [], 0, 0, -1
    for byte in data:
        step |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            row += step + 1
            rows.append(row)
            step = shift = 0
    return rows


def test_words() -> None:
    assert words_of("Don't go, NA\u00cfVE_row-00012!") == {"don", "t", "go", "na\u00efve", "row", "00012"}
    assert words_of("a" * 1_000_000) == {"a" * WORD_CHARACTERS}
    assert words_of("...") == set()


@pytest.mark.parametrize("count", [1, 9, 300, 3_000_000])
@pytest.mark.parametrize("every", [1, 2, 130, 17_000, 2_500_000])
def test_rows_of_a_word_come_back(count: int, every: int) -> None:
    rows = np.arange(0, count, every)
    if len(rows) > 100_000:
        rows = rows[-100_000:]
    assert decoded(encoded(rows, count), count) == rows.tolist()


def test_many_rows_are_a_bitmap_and_few_are_distances() -> None:
    assert encoded(np.arange(1000), 1000)[0] == "b"
    assert encoded(np.array([5, 900]), 1000)[0] == "v"


def test_shards_hold_every_word_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "SHARD_BYTES", 10)
    texts = ["one two", "two three \uff5a", "\U00010400x four", "five", ""]
    postings = postings_of(texts)
    firsts = write_index(tmp_path, "rows", postings, len(texts))
    found: dict[str, list[int]] = {}
    for number, first in enumerate(firsts):
        call = (tmp_path / f"index-{number}.js").read_text(encoding="utf-8")
        words, rows = json.loads(f"[{call[call.index('(') + 1 : -3]}]")[2:]
        assert words[0] == first
        found |= {word: decoded(one, len(texts)) for word, one in zip(words, rows, strict=True)}
    assert len(firsts) > 2
    assert found == {word: list(rows) for word, rows in postings.items()}
    order = [word.encode("utf-16-be") for word in found]
    assert order == sorted(order)
