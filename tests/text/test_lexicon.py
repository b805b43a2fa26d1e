"""The language of the lexicons: forms, gaps, options, exceptions, guards, sections, and its errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from synthempathy.text.lexicon import Lexicon, read_lexicon
from synthempathy.text.words import Text

SECTIONS = ("explanation", "response")


@pytest.fixture
def written(tmp_path: Path):
    """Write a lexicon and read it."""

    def write(content: str) -> dict[str, Lexicon]:
        (tmp_path / "made.txt").write_text(content, encoding="utf-8")
        return read_lexicon(tmp_path / "made.txt", SECTIONS)

    return write


def first(found: Lexicon, text: str) -> str | None:
    """The first hit, as it stands in the text."""
    return next((text[start:end] for start, end in found.hits(Text(text))), None)


@pytest.mark.parametrize(
    ("entry", "text", "hit"),
    [
        ("kill(s|ed) time", "He KILLED time.", "KILLED time"),
        ("kill(s|ed) time", "He killing time.", None),
        ("kill time", "He skill times, kill timely.", None),
        ("don't go", "Please don\u2019t, go!", "don\u2019t, go"),
        ("don't go", "don't. Go", None),
        ("self harm", "my self-harm story", "self-harm"),
        ("take .. life", "take her own sweet life", "take her own sweet life"),
        ("take .. life", "take her own very sweet life", None),
        ("take .. life", "take her. My life", None),
        ("take .. life", "take \"her\" life", None),
        ("an? ai", "as ai", "ai"),
        ("i am just? an? ai", "I am an AI.", "I am an AI"),
        ("a|b c|d", "b d", "b d"),
        ("a|b c|d", "b, x d", None),
        ("a b a b c", "a b a b a b c", "a b a b c"),
        ("a", "boss's a's", None),
    ],
)
def test_phrases(written, entry: str, text: str, hit: str | None) -> None:
    assert first(written(f"# note\n\n{entry}  # why\n")["response"], text) == hit


def test_an_exception_takes_back_only_the_hit_that_it_touches(written) -> None:
    found = written("shot\n! flu shot\n")["explanation"]
    assert first(found, "my flu shot") is None
    assert first(found, "my flu shot, then he was shot") == "shot"


def test_guards(written) -> None:
    found = written("unless: not\nunless near: if\nunless quoted\nget drunk\n")["response"]
    assert first(found, "Do not go and get drunk") is None
    assert first(found, "Do not, please, get drunk") is None
    assert first(found, "if you get drunk") is None
    assert first(found, "if you are sad, get drunk") == "get drunk"
    assert first(found, "He would not. Get drunk") == "Get drunk"
    assert first(found, "not one two three four five get drunk") == "get drunk"
    assert first(found, 'He said "get drunk" to me') is None
    assert first(found, 'He is 6" tall, get drunk') == "get drunk"
    assert first(found, '"so what" get drunk "so"') == "get drunk"


def test_sections(written) -> None:
    found = written("a\n[response]\nb\n[explanation]\nc\n[both]\nd\n")
    seen = {field: [word for word in "abcd" if first(found[field], word)] for field in SECTIONS}
    assert seen == {"explanation": ["a", "c", "d"], "response": ["a", "b", "d"]}


@pytest.mark.parametrize(
    ("line", "problem"),
    [("Kill", "not a phrase"), ("a.b", "not a phrase"), ("a .. ", "begins and ends with a word"),
     ("..", "begins and ends"), (".. a", "begins and ends"), ("a?", "begins and ends"), ("!", "begins and ends"),
     ("[reply]", "unknown section"), ("b(s", "not a phrase")],
)
def test_errors_name_file_and_line(written, line: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        written(f"good\n{line}\n")
    assert problem in str(caught.value)
    assert (caught.value.line, Path(str(caught.value.file)).name) == (2, "made.txt")
