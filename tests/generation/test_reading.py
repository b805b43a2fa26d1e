"""A zoo of answers: 288 in the manner of eight families of models and three sizes, each with its right reading.

Four authors wrote them, who had not seen the reader. Read blind, before the reader was mended by them, 76 and 85 of 90, then 41
of 48, then 52 of 60 were read right. And the other side: what people say at the beginning or end of a text is left alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from synthempathy.core.files import read_csv
from synthempathy.filters.rules.artifacts import not_first_person, refusal
from synthempathy.generation.reading import TASK_TALK, Prose, read_notes, read_prose
from synthempathy.llm.answers import plain_answer
from synthempathy.scorers.reading import sentences
from synthempathy.text.words import Text
from tests.helpers.pairs import ROOT

ZOO = [
    item for file in sorted(Path(__file__).with_name("zoo").glob("*.yaml")) for item in YAML(typ="safe").load(file)
]
#: Found by rules of the filter, in the text that the reader gives; read as what, as in generation/checks.py.
RULES = {"refusal": (refusal.find, "response"), "not_first_person": (not_first_person.find, "explanation")}


#: Said by people in the pairs labelled by hand, and yet rightly taken for talk about the task.
AS_MODELS_SAY = {"Let me know how I can be of further assistance.", "Of course.", "OK NO PROBLEM.", "Thinking of you Tuesday x"}


def lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def read(item: dict[str, Any], **how: bool) -> Prose:
    answer = plain_answer(item["raw"])
    if answer.problem:
        return Prose(answer.text, answer.problem)
    return (read_notes if item["step"] == "respond_notes" else read_prose)(answer.text, **how)


def test_the_zoo_is_whole() -> None:
    assert len(ZOO) >= 150 and len({item["id"] for item in ZOO}) == len(ZOO)
    assert len({item["family"] for item in ZOO}) >= 8 and len({item["size"] for item in ZOO}) >= 3


@pytest.mark.parametrize("item", ZOO, ids=lambda item: f"{item['id']}-{item['family']}-{item['step']}")
def test_the_right_reading(item: dict[str, Any]) -> None:
    prose = read(item)
    assert bool(plain_answer(item["raw"]).thoughts) == bool(item.get("thoughts"))
    if item.get("text") is not None:
        assert prose.problem is None
        assert lines(prose.text) == lines(item["text"])
        if item.get("reasoning") is not None:
            assert lines(prose.notes) == lines(item["reasoning"])
    elif item["reason"] in RULES:
        find, field = RULES[item["reason"]]
        assert prose.problem or find(Text(prose.text), field)
    else:
        assert prose.problem == item["reason"]
    if item.get("flattened"):
        assert lines(read(item, flatten=True).text) == lines(item["flattened"])


@pytest.mark.parametrize("path", ["data/empathy/labelled_pairs.csv", "domains/social_norms/labelled_pairs.csv"])
def test_no_paragraph_of_a_person_is_cut(path: str) -> None:
    """Every seventh sentence of the labelled pairs, as the first and as the last paragraph of a text, is kept or named."""
    rows = read_csv(ROOT / path, ("explanation", "response"))
    texts = [row[name] for _, row in rows for name in ("explanation", "response")]
    said = sorted({text[one.start : one.end].strip() for text in texts for one in sentences(text)} - {"", *AS_MODELS_SAY})
    assert len(said) > 4000
    other = "The bus was late and it rained all day."
    for sentence in said[::7]:
        if read_prose(sentence) == Prose(sentence):
            for text in (f"{sentence}\n\n{other}", f"{other}\n\n{sentence}"):
                prose = read_prose(text)
                assert prose.problem or prose.text == text


@pytest.mark.parametrize("text", [
    "Thank you for telling me your story.\n\nIt must have been a long week.",
    "My dad died two years ago and I still text his number.\n\nNobody knows.",
    "I can imagine that the word weighed more than the plaster.\n\nI am sorry.",
    "It rained.\n\nI wrote a letter to my father and he never replied.", "It rained.\n\nThe end of the month came early.",
    "I am so sorry.\n\nLet me know how it goes on Thursday.", "I am so sorry.\n\nIf you want to tell me more, I am here.",
    "I am so sorry.\n\nI hope it helps a little to have said it.", "It rained.\n\nMy account shows less than nothing.",
    "can someone just tell me it gets better\n\nI cannot sleep.",
])
def test_a_paragraph_that_begins_as_talk_about_the_task_may_be_told(text: str) -> None:
    assert read_prose(text) == Prose(text)


@pytest.mark.parametrize("text", [
    "That's the kind of story that has left a lasting impression on me.", "This story has a special place in my heart.",
    "I think about the person who wrote that piece.", "I am excited to share a story about a recent event.",
    "This not only adds a new layer to the story.", "I am writing to you about a story that has left me heartbroken.",
    "I felt a deep sense of unease as I read your story.", "It reminds me that everyone has a story worth telling.",
    "This is the story of a true tale that has touched many lives.", "His tale is not just any ordinary story.",
    "He's a character who is driven by a desire to help.", "It is a story about a mysterious figure.", "That's a great story.",
    "I'm not sure how to respond to that.", "I have been tasked with reviewing your draft.",
])
def test_talk_of_the_text_as_a_story_is_talk_about_the_task(text: str) -> None:
    """As SmolLM2 wrote it (seen in rows that were read aloud)."""
    assert read_prose(f"It was late. {text} I went home.").problem == TASK_TALK


@pytest.mark.parametrize("text", [
    "That's the whole story of why I'm still around.", "I want to share my story with you.", "She told me a story about her dog.",
    "It might be worth telling him once.", "My mom used to read me this book.", "What a story, and you were in it.",
    "I didn't know how to respond.", "She was quite a character.", "He is an ordinary man with a great story.",
])
def test_a_story_told_in_passing_is_no_talk_about_the_task(text: str) -> None:
    assert read_prose(f"It was late. {text} I went home.").problem is None


@pytest.mark.parametrize("text", [
    "I hear you.", '"Sit," said Ann. Then he said "no"', "Here is what happened: I lost the keys.\n\nI cried.",
    "I hope this helps you to see that you are not alone.", "I made sure that the door was locked. The end came early.",
])
def test_plain_prose_is_left_alone_and_reading_twice_changes_nothing(text: str) -> None:
    assert read_prose(text) == Prose(text)
    assert plain_answer(text).text == text
