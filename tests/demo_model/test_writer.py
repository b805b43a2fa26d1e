"""The writer: every slot filled, one person per text, each reply holds what was asked and nothing else."""

import itertools
import re
from pathlib import Path
from random import Random

import pytest

from synthempathy.demo_model.material import Material
from synthempathy.demo_model.tasks import TELLINGS, Tasks
from synthempathy.demo_model.telling import draw_telling, key_of
from synthempathy.demo_model.writer import DEFAULTS, METHODS, Asked, Writer

ROOT = Path(__file__).parents[2]
MATERIAL = Material()


def tellings(count, **kwargs):
    rng = Random(3)
    for _ in range(count):
        yield draw_telling(rng, MATERIAL, TELLINGS, **kwargs), Writer(MATERIAL, rng)


def test_every_slot_is_filled():
    for telling, writer in tellings(300):
        texts = [writer.story(telling), writer.explanation(telling), writer.reply(telling, Asked())]
        texts += [writer.reply(telling, DEFAULTS[method]) for method in METHODS]
        texts += [writer.notes(telling, method) for method in METHODS]
        for text in texts:
            assert not re.search(r"[{}]", text), text
            assert "  " not in text and " ." not in text and ".." not in text, text


def test_a_story_quotes_the_words_and_keeps_to_one_person():
    other = {"she": r"\b(he|him|his|himself)\b", "he": r"\b(she|her|hers|herself)\b"}
    for telling, writer in tellings(300, swaps=False):
        story = writer.story(telling)
        assert telling.words in story and telling.name in story
        narration = re.sub(r'"[^"]*"', "", story)
        assert not re.search(other[telling.pronoun], narration), story
        assert not re.search(r"\b(I|my|me)\b", narration), story


def test_an_explanation_speaks_as_i_and_holds_the_words():
    for telling, writer in tellings(300, swaps=False):
        text = writer.explanation(telling)
        assert telling.words.lower() in text.lower()
        assert re.search(r"\b(I|my|me)\b", text)


@pytest.mark.parametrize("method", METHODS)
def test_a_reply_obeys_the_switches(method):
    for telling, writer in tellings(100, swaps=False):
        quoteless = writer.reply(telling, Asked(method, warm=False, understand=False, question="none"))
        assert "?" not in quoteless.replace(telling.words, "")
        assert writer.reply(telling, Asked(method, question="open")).endswith(("?",))


def test_the_plain_reply_asks_nothing_and_feels_nothing():
    for telling, writer in tellings(200, swaps=False):
        text = writer.reply(telling, Asked()).replace(telling.words, "")
        assert "?" not in text
        assert not re.search(r"\b([Ii] am (so |truly |really )?sorry|[Mm]y heart|I feel|saddens)\b", text), text


def test_held_out_situations_are_never_shown():
    shown = {s.core for s in MATERIAL.known}
    assert all(s.core not in shown for s in MATERIAL.held_out)
    assert len(MATERIAL.held_out) == 27


def test_rows_are_the_same_for_the_same_seed_and_hardly_ever_repeat():
    rows = [list(itertools.islice(Tasks(MATERIAL, ROOT / "prompts", Random(5)).stream(), 400)) for _ in range(2)]
    assert rows[0] == rows[1]
    answers = [row.answer for row in rows[0]]
    assert len(set(answers)) > 0.99 * len(answers)


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("my boss shouted at me", "{P} boss"),
        ("I cannot pay the electric bill", "the electric"),
        ("my best friend left", "{P} friend"),
        ("everything is awful", None),
    ],
)
def test_key(words, key):
    assert key_of(words) == key
