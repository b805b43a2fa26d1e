"""Data as scripts: harmless whatever they hold, and places as JavaScript counts them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from synthempathy.explorer.scripts import as_script, packed, units, write_call


@pytest.mark.parametrize("text", ["</script><script>", "<!--", "a\u2028b\u2029c", "\"'\\", "\u202e\U0001f642", "\u0000"])
def test_any_text_comes_back_and_ends_no_script(text: str) -> None:
    written = as_script({"text": text})
    assert json.loads(written) == {"text": text}
    assert not any(one in written for one in ("<", "\u2028", "\u2029", "\u0000"))


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        as_script(float("nan"))


def test_a_call_is_one_line(tmp_path: Path) -> None:
    write_call(tmp_path / "a.js", "chunk", "rows", 3, [{"text": "one\ntwo"}])
    assert (tmp_path / "a.js").read_text(encoding="utf-8") == 'explorer.chunk("rows",3,[{"text":"one\\ntwo"}]);\n'


def test_numbers_are_packed_little_end_first() -> None:
    assert base64.b64decode(packed(np.array([1, 258], dtype=np.uint16))) == b"\x01\x00\x02\x01"


def test_units_count_a_wide_character_twice() -> None:
    text = "a\U0001f642b\u00e9"
    assert [units(text, at) for at in range(5)] == [0, 1, 3, 4, 5]
