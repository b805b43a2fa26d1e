"""Texts in pieces: nothing is lost, marks stand where the evidence is, what is long is cut with a note."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from synthempathy.core.harmless import harmless
from synthempathy.pages.texts import MOST_CHARACTERS, shown

ENDS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=5)


@given(st.text(max_size=40), ENDS)
def test_pieces_are_the_whole_text_made_harmless_and_marks_the_evidence(text: str, ends: list[tuple[int, int]]) -> None:
    spans = [(min(a, b, len(text)), min(max(a, b), len(text))) for a, b in ends]
    pieces = shown(text, spans)
    assert "".join(one.text for one in pieces) == harmless(text, lines=True)
    inside = {at for start, end in spans for at in range(start, end)}
    assert "".join(one.text for one in pieces if one.kind == "mark") == "".join(
        harmless(c, lines=True) for at, c in enumerate(text) if at in inside
    )


@given(st.text(alphabet="ab", max_size=60), ENDS)
def test_of_a_long_text_all_that_is_left_out_is_counted(text: str, ends: list[tuple[int, int]]) -> None:
    pieces = shown(text, [(min(pair), max(pair)) for pair in ends], most=10)
    notes = [one.text for one in pieces if one.kind == "note"]
    left = sum(int(note.split("[")[1].split()[0].replace(",", "")) for note in notes)
    assert left + sum(len(one.text) for one in pieces if one.kind != "note") == len(text)


def test_a_million_characters_are_bounded_and_evidence_at_their_end_is_seen() -> None:
    text = "a" * 1_000_000 + "murdered" + "b" * 1000
    pieces = shown(text, [(1_000_000, 1_000_008)])
    assert [one.kind for one in pieces] == ["", "note", "", "mark", "", "note"]
    assert "[979,800 characters are not shown here]" in pieces[1].text
    assert pieces[3].text == "murdered" and pieces[4].text == "b" * 200
    assert sum(len(one.text) for one in pieces) < MOST_CHARACTERS + 1000


def test_evidence_everywhere_behind_the_cut_does_not_bring_the_text_back() -> None:
    text = "ab" * 500_000
    assert sum(len(one.text) for one in shown(text, [(at, at + 1) for at in range(0, len(text), 1000)])) < 40_000
    assert sum(len(one.text) for one in shown(text, [(0, len(text))])) < 40_000
