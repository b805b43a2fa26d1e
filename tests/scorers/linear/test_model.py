"""The scorer itself: what it thinks of replies it never saw, and that saving changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.core.errors import InputError, ModelError
from synthempathy.core.params import read_params
from synthempathy.scorers.kinds import load_scorer
from synthempathy.scorers.linear import model
from synthempathy.scorers.linear.model import LinearScorer
from synthempathy.scorers.linear.training import fit
from synthempathy.scorers.params import Scorer
from synthempathy.scorers.sources import read_labelled
from tests.helpers.empathy import AROUND, DIMENSIONS

ROOT = Path(__file__).parents[3]
PAIRS = read_labelled(ROOT / "data" / "empathy" / "labelled_pairs.csv", dimensions=DIMENSIONS).pairs
SETTINGS = read_params(ROOT / "params.yaml").section("scorer", Scorer).linear
POST = "They cut my hours at the bakery and I do not know how to tell my wife that we cannot pay the rent in May."
ADVICE = (
    "Make a list of your fixed costs. Call the landlord and ask for a payment plan. Update your resume. "
    "Register with an agency. Compare insurance contracts and cancel what is not needed. Cook in larger batches. "
    "Sell what you do not use. Check whether you are entitled to benefits, and keep all receipts in one folder. "
)
WARM = "I feel so sad for you."
READS = "You must be terrified of her face when you say it."
ASKS = "What do you think your wife would say about the bakery?"


@pytest.fixture(scope="module")
def trained() -> LinearScorer:
    return fit(PAIRS, SETTINGS, AROUND, seed=31)


def one(scorer: LinearScorer, response: str) -> dict[str, float]:
    return {name: float(value[0]) for name, value in scorer.score([POST], [response]).items()}


def test_it_distinguishes_a_warm_specific_reply_from_a_list_of_advice(trained: LinearScorer) -> None:
    warm, advice = one(trained, f"{WARM} {READS} {ASKS}"), one(trained, ADVICE)
    assert min(warm[m] for m in DIMENSIONS) > 1.2
    assert all(warm[m] - advice[m] > 0.8 for m in DIMENSIONS)
    assert {int(level[0]) for level in trained.levels([POST], [ADVICE]).values()} == {0}


@pytest.mark.parametrize(("sentence", "mechanism"), [(WARM, "er"), (READS, "ip"), (ASKS, "ex")])
def test_one_strong_sentence_counts_in_a_long_reply_as_it_does_alone(
    trained: LinearScorer, sentence: str, mechanism: str,
) -> None:
    alone, within = one(trained, sentence), one(trained, f"{ADVICE}{sentence} {ADVICE}")
    after = one(trained, f"{sentence}\n{ADVICE}")
    assert alone[mechanism] > 1.2
    assert within[mechanism] > 1.5  # still named strong, though most of the reply says something else
    assert within[mechanism] == pytest.approx(after[mechanism], abs=0.1)
    others = {"er", "ip", "ex"} - {mechanism}
    assert all(one(trained, f"{ADVICE}{sentence}")[m] < 0.9 for m in others)


@pytest.mark.parametrize(
    ("response", "levels"),
    [
        ("I'm so sorry this happened to you.", (2, 0, 0)),
        ("sorry to hear that man", (2, 0, 0)),
        ("sorry for the wall of text", (0, 0, 0)),
        ("Hugs. It gets better!", (1, 0, 0)),
        ("I completely understand.", (0, 1, 0)),
        ("I lost my job two years ago and felt worthless.", (0, 2, 0)),
        ("What happened?", (0, 0, 1)),
        ("lol get over it", (0, 0, 0)),
        ("I don't feel sorry for you.", (0, 0, 0)),
    ],
)
def test_plain_cases(trained: LinearScorer, response: str, levels: tuple[int, int, int]) -> None:
    guessed = trained.levels([POST], [response])
    assert tuple(int(guessed[m][0]) for m in DIMENSIONS) == levels


def test_a_response_without_words_scores_nothing(trained: LinearScorer) -> None:
    for response in ("", " \n", "..."):
        assert one(trained, response) == {"er": 0.0, "ip": 0.0, "ex": 0.0, "empathy": 0.0}
    assert trained.score([], [])["empathy"].shape == (0,)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=60), st.text(max_size=120)), min_size=1, max_size=5))
def test_scores_of_any_text_are_levels_and_their_mean(trained: LinearScorer, pairs: list[tuple[str, str]]) -> None:
    scores = trained.score([e for e, _ in pairs], [r for _, r in pairs])
    assert all(((scores[m] >= 0) & (scores[m] <= 2)).all() for m in DIMENSIONS)
    np.testing.assert_allclose(scores["empathy"], (scores["er"] + scores["ip"] + scores["ex"]) / 3)


def test_saved_and_loaded_it_gives_the_same_numbers_and_the_same_bytes(trained: LinearScorer, tmp_path: Path) -> None:
    trained.save(tmp_path / "a")
    loaded = load_scorer(tmp_path / "a")
    loaded.save(tmp_path / "b")
    files = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert files == ["scorer.json", "weights.safetensors"]
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    explanations, responses = [p.explanation for p in PAIRS], [p.response for p in PAIRS]
    before, after = trained.score(explanations, responses), loaded.score(explanations, responses)
    assert all((before[name] == after[name]).all() for name in before)


def test_a_saved_scorer_does_not_change_with_the_cues_of_the_domain(
    trained: LinearScorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    trained.save(tmp_path)
    monkeypatch.setattr("synthempathy.scorers.linear.cues.read_cues", None)
    assert one(load_scorer(tmp_path), WARM) == one(trained, WARM)


def test_scores_do_not_depend_on_how_pairs_are_cut_into_chunks(trained: LinearScorer, monkeypatch: pytest.MonkeyPatch) -> None:
    few = PAIRS[:50]
    explanations, responses = [p.explanation for p in few], [p.response for p in few]
    whole = trained.score(explanations, responses)
    steps: list[int] = []
    monkeypatch.setattr(model, "_CHUNK", 7)
    cut = trained.score(explanations, responses, advance=steps.append)
    assert sum(steps) == 50 and len(steps) == 8
    for name in whole:
        np.testing.assert_allclose(cut[name], whole[name], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["scorer.json", "weights.safetensors"])
def test_a_broken_folder_is_a_model_error_with_a_hint(trained: LinearScorer, tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="no scorer here; run `dvc repro scorer`"):
        load_scorer(tmp_path)
    trained.save(tmp_path)
    (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(ModelError, match="cannot be read"):
        load_scorer(tmp_path)


def test_a_scorer_of_another_format_is_refused(trained: LinearScorer, tmp_path: Path) -> None:
    trained.save(tmp_path)
    settings = json.loads((tmp_path / "scorer.json").read_text(encoding="utf-8"))
    (tmp_path / "scorer.json").write_text(json.dumps(settings | {"format": "old"}), encoding="utf-8")
    with pytest.raises(ModelError, match="'old'"):
        load_scorer(tmp_path)
    settings["words"] = settings["words"][1:]
    (tmp_path / "scorer.json").write_text(json.dumps(settings), encoding="utf-8")
    with pytest.raises(ModelError, match=r"cannot be read|does not belong"):
        load_scorer(tmp_path)


def test_pairs_without_a_level_cannot_be_learned() -> None:
    with pytest.raises(InputError, match="level 2 of ex"):
        fit([p for p in PAIRS if p.levels["ex"] != 2], SETTINGS, AROUND, seed=31)
