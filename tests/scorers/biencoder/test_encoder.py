"""Texts as tokens that know their places, and rationales as marks on them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.scorers.biencoder.encoder import IGNORED, Tokenizer, load_tokenizer
from synthempathy.scorers.biencoder.training import examples_of
from synthempathy.scorers.labelled import LabelledPair
from tests.helpers.empathy import DIMENSIONS
from tests.helpers.tiny_encoder import POSTS, save_tiny_encoder, separable_pairs


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    return Tokenizer(load_tokenizer(str(save_tiny_encoder(tmp_path_factory.mktemp("encoder")))), 32, 1)


@settings(max_examples=100, deadline=None)
@given(words=st.lists(st.sampled_from(["I", "feel", "sad", "für", "you", "😢", "don't", "really?"]), min_size=1, max_size=9),
       data=st.data())
def test_the_marked_tokens_are_those_of_the_rationale(reader, words, data):
    """A text that is cut at max_length has marks for the part that was read."""
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first + 1, len(words)))
    text = " ".join(words)
    start = len(" ".join([*words[:first], ""]))
    end = start + len(" ".join(words[first:last]))
    [tokens] = reader.read([text])
    marks = tokens.marks([(start, end)])
    assert marks[0] == marks[-1] == IGNORED
    marked = [span for mark, span in zip(marks, tokens.spans, strict=True) if mark == 1]
    read_to = max(end for _, end in tokens.spans)
    covered = {i for a, b in marked for i in range(a, b) if not text[i].isspace()}
    assert covered == {i for i in range(start, min(end, read_to)) if not text[i].isspace()}


def test_a_pair_with_a_level_and_no_rationale_teaches_the_level_alone(reader):
    """What nobody marked is not known to be no rationale; at level 0 it is."""
    pair = separable_pairs(POSTS[:1])[-1]
    unknown = LabelledPair(pair.explanation, pair.response, {"er": 2, "ip": 0, "ex": None}, dict.fromkeys(DIMENSIONS, ()))
    posts, responses = reader.read([pair.explanation]), reader.read([pair.response])
    marks = {m: [e.marks for e in examples_of([unknown], posts, responses, m)] for m in DIMENSIONS}
    assert marks["ex"] == []
    assert set(marks["er"][0]) == {IGNORED}
    assert marks["ip"][0][0] == marks["ip"][0][-1] == IGNORED and 0 in marks["ip"][0] and 1 not in marks["ip"][0]
    assert 1 in examples_of([pair], posts, responses, "er")[0].marks


def test_a_text_that_spells_special_tokens_holds_none(reader):
    special = set(reader.tokenizer.all_special_ids)
    names = " ".join(reader.tokenizer.all_special_tokens)

    def count(text):
        return sum(id in special - {reader.tokenizer.unk_token_id} for id in reader.tokenizer(text)["input_ids"])

    assert count(f"I am {names} sad.") == count("I am sad.") > 0
