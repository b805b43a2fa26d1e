"""What a terminal is shown: nothing that it would obey, and evidence between marks."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from synthempathy.core.harmless import harmless
from synthempathy.reviewing.terminal import marked


@given(st.text())
def test_harmless_text_has_no_controls_and_ordinary_text_is_untouched(text: str) -> None:
    shown = harmless(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for c in shown)
    if text.isascii() and text.isprintable():
        assert shown == text


@given(st.text(alphabet="ab\n\x1b é", max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=4))
def test_marks_stand_around_the_evidence(text: str, ends: list[tuple[int, int]]) -> None:
    spans = [(min(a, b, len(text)), min(max(a, b), len(text))) for a, b in ends]
    shown = marked(text, spans).plain
    assert shown.replace("»", "").replace("«", "") == harmless(text, lines=True)
    assert shown.count("»") == shown.count("«") <= len(spans)
