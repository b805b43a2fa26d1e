"""The classifier: what it reads, that it learns, that it comes back from its files, and that its rules obey the params."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.core.errors import InputError, ModelError
from synthempathy.filters.classifier.composing import composed
from synthempathy.filters.classifier.concepts import Concepts, read_concepts
from synthempathy.filters.classifier.features import (
    features,
    local_features,
    opening,
    plain_text,
    sentences,
    together,
)
from synthempathy.filters.classifier.learning import fit
from synthempathy.filters.classifier.model import LABELS, Classifier, classifier_rules, load_classifier
from synthempathy.filters.labelled import Example, pair_of, read_examples
from synthempathy.filters.params import Filter
from synthempathy.project.params import load_params

ROOT = Path(__file__).parents[3]
CONCEPTS = Concepts({
    "insult": ["idiot", "moron", "loser*", "waste of space"], "drink": ["vodka", "wine"], "past": ["*ed", "went"],
})
INSULTS = ("idiot", "moron", "loser", "clown", "fool", "pig")
KIND = ("friend", "mother", "brother", "teacher", "nurse", "cook")


def nothing(*_: object) -> None:
    return None


def small_examples() -> list[Example]:
    rows = []
    for insult, kind in zip(INSULTS, KIND, strict=True):
        for frame in ("You are a {}.", "Honestly, you are such a {}.", "What a {} you are, really."):
            rows.append(Example(frame.format(insult), "response", "offensive", frozenset()))
            rows.append(Example(frame.format(kind), "response", "", frozenset()))
        for drink in ("vodka", "wine"):
            rows.append(Example(f"Drink {drink} with that {kind} tonight.", "response", "unsafe_advice", frozenset()))
            rows.append(Example(f"Please drink no {drink}, dear {kind}.", "response", "", frozenset()))
    return rows


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return fit(small_examples(), [], CONCEPTS, folds=3, seed=1, advance=nothing)[0]


@pytest.fixture
def saved(classifier: Classifier, tmp_path: Path) -> Path:
    classifier.save(tmp_path / "safety")
    return tmp_path / "safety"


def settings(**changes: object) -> Filter:
    given_ = load_params(ROOT / "params.yaml").filter.model_dump()
    return Filter.model_validate(given_ | changes)


@pytest.mark.parametrize(("raw", "word"), [
    ("You m0r0n", "moron"), ("you IDIIIOT", "idiot"), ("what an id*ot", "idiot"), ("you m o r o n!", "moron"),
    ("m.o.r.o.n", "moron"), ("a $455 bill", "a"), ("I'm in room b12", "room"),
])
def test_disguises_are_undone(raw: str, word: str) -> None:
    assert word in plain_text(raw, CONCEPTS).tokens


def test_the_tokens_of_a_disguised_text_stand_where_their_spans_say() -> None:
    text = plain_text("You m0r0n, you paid $455 for it!", CONCEPTS)
    assert len(text.tokens) == len(text.spans)
    assert text.raw[slice(*text.spans[text.tokens.index("moron")])] == "m0r0n"


def test_sentences_part_at_marks_and_hold_words() -> None:
    text = plain_text("He left. ... Why?! I don't know", CONCEPTS)
    assert [" ".join(s.tokens) for s in sentences(text)] == ["he left .", "why ?", "i don't know"]
    assert all(text.tokens[s.start] == s.tokens[0] for s in sentences(text))


def test_classes_by_word_stem_ending_and_phrase() -> None:
    assert CONCEPTS.of("losers") == ("insult",)
    assert CONCEPTS.of("walked") == ("past",)
    assert CONCEPTS.of("red") == ()  # an ending needs a word before it
    assert CONCEPTS.places(["what", "a", "waste", "of", "space"])[2] == ("insult",)
    assert CONCEPTS.places(["a", "waste", "of", "time"])[1] == ()


@given(st.lists(st.sampled_from(("you", "idiot", "vodka", "walked", "drink", "the", "?")), min_size=1, max_size=12))
def test_the_screen_reads_a_part_of_what_the_whole_reading_sees(words: list[str]) -> None:
    whole = features(tuple(words), "response", CONCEPTS)
    local = {
        name for pair in zip([opening("response"), *words], words, strict=False)
        for name in local_features(*pair, "response", CONCEPTS)
    }
    assert local <= set(whole)
    assert all(0 <= place < len(words) for place in whole.values())


def test_it_learns(classifier: Classifier) -> None:
    assert classifier.hits("You are a moron.", "response")["offensive"].score > 0.5
    kind = classifier.hits("You are a sister.", "response")
    assert "offensive" not in kind or kind["offensive"].score < 0.5


def test_a_harmful_sentence_does_not_drown_among_harmless_ones(classifier: Classifier) -> None:
    alone = classifier.hits("You are a moron.", "response")["offensive"].score
    harmless = "It rained. The nurse came. The bus was late. " * 5
    among = classifier.hits(f"{harmless}You are a moron. {harmless}", "response")["offensive"]
    assert alone > 0.9
    assert among.score > 0.9
    words = plain_text(f"{harmless}You are a moron.", classifier.concepts)
    assert among.places
    assert "moron" in {words.tokens[place] for place in among.places if place < len(words.tokens)}


def test_sentences_are_read_together_up_to_a_window(classifier: Classifier) -> None:
    """The margin of a text is that of its worst window, which is half of the window, half of its worst sentence."""
    parts = [features(tuple(t.split()), "response", classifier.concepts) for t in ("you moron .", "a b .", "c .", "d .")]
    alone = [classifier.margins(part) for part in parts]
    windows_ = [
        (classifier.margins(together(parts[first : first + 3])) + np.max(alone[first : first + 3], axis=0)) / 2
        for first in (0, 1)
    ]
    assert classifier.text_margins(parts) == pytest.approx(np.max(windows_, axis=0))
    assert classifier.text_margins(parts[:1]) == pytest.approx(alone[0])
    assert np.isneginf(classifier.text_margins([])).all()


def test_the_screen_only_leaves_out(classifier: Classifier) -> None:
    """What passes the screen scores what it scores without one."""
    numbers = {name: value.copy() for name, value in vars(classifier.numbers).items()}
    numbers["screen_least"] = np.full(len(LABELS), -np.inf)
    unscreened = Classifier(classifier.concepts, classifier.names, type(classifier.numbers)(**numbers))
    for example in small_examples():
        every = unscreened.hits(example.text, example.field)
        for label, hit in classifier.hits(example.text, example.field).items():
            assert hit == every[label]


def test_unsafe_advice_is_for_responses_alone(classifier: Classifier) -> None:
    assert classifier.hits("Drink vodka with that nurse tonight.", "response")["unsafe_advice"].score > 0.5
    assert "unsafe_advice" not in classifier.hits("Drink vodka with that nurse tonight.", "explanation")


@pytest.mark.parametrize("text", ["", "...", "\n", "\u200b", "?" * 50, "a" * 5000])
def test_odd_texts_have_no_hits_or_scores_between_0_and_1(classifier: Classifier, text: str) -> None:
    assert all(0 <= hit.score <= 1 for hit in classifier.hits(text, "response").values())


def test_saved_and_loaded_it_says_the_same_and_its_bytes_are_the_same(
    classifier: Classifier, saved: Path, tmp_path: Path
) -> None:
    loaded = load_classifier(saved)
    for example in small_examples():
        ours, theirs = (c.hits(example.text, example.field) for c in (classifier, loaded))
        assert {label: hit.places for label, hit in ours.items()} == {label: hit.places for label, hit in theirs.items()}
        assert all(abs(ours[label].score - theirs[label].score) < 1e-4 for label in ours)
    again = fit(small_examples(), [], CONCEPTS, folds=3, seed=1, advance=nothing)[0]
    again.save(tmp_path / "again")
    for name in ("safety.json", "weights.safetensors"):
        assert (saved / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def broken_json(folder: Path) -> None:
    (folder / "safety.json").write_text("{", encoding="utf-8")


def other_format(folder: Path) -> None:
    text = (folder / "safety.json").read_text(encoding="utf-8")
    (folder / "safety.json").write_text(text.replace("synthempathy-safety-1", "other"), encoding="utf-8")


def a_feature_less(folder: Path) -> None:
    value = json.loads((folder / "safety.json").read_text(encoding="utf-8"))
    (folder / "safety.json").write_text(json.dumps(value | {"features": value["features"][1:]}), encoding="utf-8")


def broken_weights(folder: Path) -> None:
    (folder / "weights.safetensors").write_bytes(b"no weights")


def no_weights(folder: Path) -> None:
    (folder / "weights.safetensors").unlink()


@pytest.mark.parametrize("damage", [broken_json, other_format, a_feature_less, broken_weights, no_weights])
def test_a_damaged_classifier_is_refused_by_name(saved: Path, damage: Callable[[Path], None]) -> None:
    damage(saved)
    with pytest.raises(ModelError, match=r"safety.*dvc repro safety"):
        load_classifier(saved)


def test_a_verdict_quotes_the_words_that_tell(saved: Path) -> None:
    rules = classifier_rules(settings(), saved)
    response = "It rained all day. You are a moron."
    verdicts = [v for rule in rules if (v := rule(pair_of(Example(response, "response", "", frozenset()), otherwise="Hi.")))]
    offensive = next(v for v in verdicts if v.reason == "offensive")
    assert (offensive.action, offensive.field) == ("drop", "response")
    assert offensive.evidence.startswith("classifier ") and "moron" in offensive.evidence
    assert "moron" in [response[start:end] for start, end in offensive.spans]


def test_a_threshold_of_1_silences_a_label_and_a_topic_that_is_kept_has_no_rule(saved: Path) -> None:
    given_ = settings().classifier.model_dump()
    high = settings(classifier={**given_, "thresholds": {**given_["thresholds"], "offensive": 1.0}})
    pair = pair_of(Example("You are a moron.", "response", "", frozenset()), otherwise="Hi.")
    assert not [v for rule in classifier_rules(high, saved) if (v := rule(pair)) and v.reason == "offensive"]
    keep = {"explanation": "keep", "response": "keep"}
    topics = settings().topics.model_dump()
    without = settings(topics={name: keep for name in topics})
    assert len(classifier_rules(without, saved)) == 4


def test_concepts_that_are_no_words_are_named(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("drink: [wine]\nnone: ['--']\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"c\.yaml.*none.*'--'"):
        read_concepts(tmp_path / "c.yaml")
    (tmp_path / "c.yaml").write_text("drink: [wine]\nodd: 3\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"c\.yaml:2.*odd"):
        read_concepts(tmp_path / "c.yaml")


PATTERNS = """
examples:
  - {reason: unsafe_advice, field: response, frames: urging, words: harmful, times: 2}
  - {reason: "", field: response, frames: warning, words: harmful, times: 1}
frames:
  urging: ["{X}.", "Just {x}.", "You should {x}."]
  warning: ["Please don't {x}."]
words:
  harmful: [get drunk, hit him]
"""


def test_composed_examples_are_drawn_alike_from_a_seed(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(PATTERNS, encoding="utf-8")
    drawn = composed(path, 3)
    assert drawn == composed(path, 3)
    assert sum(e.reason == "unsafe_advice" for e in drawn) == 4
    assert {e.text for e in drawn if not e.reason} == {"Please don't get drunk.", "Please don't hit him."}
    assert all("{" not in e.text for e in drawn)


@pytest.mark.parametrize(("old", "new", "message"), [
    ("words: harmful, times: 2", "words: helpful, times: 2", "helpful"),
    ("times: 2", "times: 4", "4 of only 3"),
    ("times: 2", "times: no", "times"),
    ("reason: unsafe_advice", "reason: unsafe", "unknown reason 'unsafe'"),
    ("field: response, frames: urging", "field: story, frames: urging", "field"),
])
def test_a_wrong_pattern_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(PATTERNS.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        composed(path, 3)


@pytest.mark.parametrize(("row", "message"), [
    (",response,,,", r"e\.csv:3: field 'text'"), ("He left.,story,,,", r"e\.csv:3: field 'field'.*'story'"),
    ("He left.,response,rude,,", r"e\.csv:3: field 'reason'.*'rude'"),
    ("He left.,response,,rude,", r"e\.csv:3: field 'also'.*'rude'"), ("I ran.,response,,,", "the same text as on line 2"),
])
def test_a_wrong_example_is_named(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "e.csv"
    path.write_text(f"text,field,reason,also,note\nI ran.,explanation,,,\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_examples(path, LABELS)
