"""Embeddings: it learns levels from any encoder, reads long and empty texts, and comes back from its folder as it was."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from synthempathy.core.errors import ModelError, ParamsError
from synthempathy.core.params import read_params
from synthempathy.llm.params import Machine
from synthempathy.scorers.embeddings.encoder import Encoder
from synthempathy.scorers.embeddings.model import EmbeddingsScorer
from synthempathy.scorers.embeddings.training import stacked
from synthempathy.scorers.kinds import load_scorer
from synthempathy.scorers.params import Scorer
from synthempathy.scorers.validation import agreement
from tests.helpers.empathy import AROUND, DIMENSIONS
from tests.helpers.tiny_encoder import POSTS, save_tiny_encoder, separable_pairs

ROOT = Path(__file__).parents[3]
PAIRS = separable_pairs(POSTS)
CPU = replace(
    AROUND, machine=read_params(ROOT / "params.yaml").section("machine", Machine).model_copy(update={"device": "cpu"})
)


def settings(encoder: Path, **changed: object) -> Scorer:
    whole = read_params(ROOT / "params.yaml").section("scorer", Scorer)
    own = whole.embeddings.model_copy(update={"encoder": str(encoder), "max_length": 64, "inverse_penalty": 1.0} | changed)
    return whole.model_copy(update={"kind": "embeddings", "embeddings": own, "folds": 3})


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def trained(encoder: Path) -> EmbeddingsScorer:
    return CPU.named(stacked(PAIRS, settings(encoder), CPU, advance=lambda *_: None)[0])


def test_it_learns_and_says_what_it_is_worth_unseen(encoder: Path, trained: EmbeddingsScorer) -> None:
    steps: list[int] = []
    _, stack = stacked(PAIRS, settings(encoder), CPU, advance=lambda: steps.append(1))
    unseen = stack.cross_validated()
    assert len(steps) == 4
    for m in DIMENSIONS:
        labels = np.array([p.levels[m] for p in PAIRS])
        assert agreement(labels, unseen.levels[m])["macro_f1"] > 0.45  # by chance 0.33; the encoder is random
        np.testing.assert_allclose(unseen.probabilities[m].sum(axis=1), 1)
        assert (trained.levels([p.explanation for p in PAIRS], [p.response for p in PAIRS])[m] == labels).mean() > 0.9


def test_a_text_has_one_vector_whatever_stands_beside_it(encoder: Path) -> None:
    own = settings(encoder, batch_size=2).embeddings
    reader = Encoder(own, "cpu")
    texts = ["I am sad.", "What happened? " * 60, "", "[SEP] </s>", "ok"]
    together = reader.vectors(texts)
    assert together.shape == (5, 32) and np.isfinite(together).all()
    np.testing.assert_allclose(np.linalg.norm(together[[0, 1, 3, 4]], axis=1), 1, atol=1e-6)
    for number, text in enumerate(texts):
        np.testing.assert_allclose(reader.vectors([text])[0], together[number], atol=1e-5)


def test_a_response_without_words_scores_nothing(trained: EmbeddingsScorer) -> None:
    assert trained.score([POSTS[0]], ["..."])["empathy"].tolist() == [0.0]
    assert trained.score([], [])["empathy"].shape == (0,)


def test_it_comes_back_from_json_and_safetensors_and_refuses_another_encoder(
    encoder: Path, trained: EmbeddingsScorer, tmp_path: Path,
) -> None:
    trained.save(tmp_path / "a")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["scorer.json", "weights.safetensors"]
    loaded = load_scorer(tmp_path / "a", CPU)
    loaded.save(tmp_path / "b")
    for name in ("scorer.json", "weights.safetensors"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    few = [p.explanation for p in PAIRS[:9]], [p.response for p in PAIRS[:9]]
    np.testing.assert_array_equal(loaded.score(*few)["empathy"], trained.score(*few)["empathy"])
    other = tmp_path / "other"
    shutil.copytree(encoder, other)
    config = json.loads((other / "config.json").read_text(encoding="utf-8"))
    (other / "config.json").write_text(json.dumps(config | {"note": 1}), encoding="utf-8")
    about = json.loads((tmp_path / "a" / "scorer.json").read_text(encoding="utf-8"))
    about["settings"]["encoder"] = str(other)
    (tmp_path / "a" / "scorer.json").write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(ModelError, match="is not the one that this scorer learned with"):
        load_scorer(tmp_path / "a", CPU)


def test_what_cannot_be_loaded_or_read_is_one_error(encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"scorer\.embeddings\.encoder: cannot load"):
        Encoder(settings(tmp_path).embeddings, "cpu").vectors(["a"])
    with pytest.raises(ParamsError, match=r"scorer\.embeddings\.max_length.*lower it"):
        Encoder(settings(encoder, max_length=4096).embeddings, "cpu").vectors(["a"])
    with pytest.raises(ModelError, match="does not exist"):
        Encoder(settings(Path("models/nowhere")).embeddings, "cpu").content()
