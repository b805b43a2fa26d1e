"""Duplicates by meaning: the blocked search against all pairs, the vectors of both kinds, and the errors."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.core.errors import ModelError
from synthempathy.dedup import semantic
from synthempathy.dedup.exact import Duplicate
from synthempathy.dedup.params import SemanticDuplicates
from synthempathy.dedup.semantic import check_model, like_vectors, semantic_duplicates


def section(**changes: Any) -> SemanticDuplicates:
    plain = {"enabled": True, "model": None, "revision": None, "threshold": 0.9, "dimensions": 16, "seed": 3}
    return SemanticDuplicates.model_validate({**plain, **changes})


def oracle(vectors: semantic.Vectors, threshold: float) -> list[tuple[int, int]]:
    kept: list[int] = []
    found = []
    for index, vector in enumerate(vectors.astype(np.float64)):
        likes = [(-round(float(vector @ vectors[other]), 4), other) for other in kept]
        like, partner = min(likes, default=(2.0, -1))
        if -like >= threshold - 1e-4:
            found.append((index, partner))
        elif vector.any():
            kept.append(index)
    return found


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 40), st.integers(2, 3), st.sampled_from([0.33, 0.68, 0.98]))
def test_matches_all_pairs(seed: int, number: int, dimensions: int, threshold: float) -> None:
    """Few directions, so that many are equal; some texts without a vector; blocks of 3 against columns of 4."""
    draw = np.random.default_rng(seed)
    vectors = draw.integers(-1, 2, size=(number, dimensions)).astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(semantic, "_ROWS", 3)
        patch.setattr(semantic, "_COLUMNS", 4)
        found = like_vectors(vectors, threshold)
    assert [(d.index, d.partner) for d in found] == oracle(vectors, threshold)
    for one in found:
        assert one.evidence == {"similarity": pytest.approx(float(vectors[one.index] @ vectors[one.partner]), abs=1e-4)}


def test_blocks_of_the_real_size_find_what_lies_far_apart() -> None:
    draw = np.random.default_rng(1)
    vectors = draw.normal(size=(3000, 32)).astype(np.float32)
    copies = draw.permutation(1500)[:200]
    vectors[2500:2700] = vectors[copies] + 0.01 * draw.normal(size=(200, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = {(d.index, d.partner) for d in like_vectors(vectors, 0.98)}
    assert found == {(2500 + k, int(copy)) for k, copy in enumerate(copies)}


TOPICS = ["boss desk office raise meeting salary", "rent bill debt bank loan landlord", "exam class grade teacher essay campus"]


def topical(number: int) -> list[str]:
    draw = np.random.default_rng(5)
    return [" ".join(draw.choice(TOPICS[k % 3].split(), size=12)) + f" own{k}" for k in range(number)]


@pytest.mark.parametrize("dimensions", [3, 500])
def test_the_same_words_in_another_order_are_alike_without_a_model(dimensions: int) -> None:
    texts = ["", "…", *topical(40)]
    again = [" ".join(reversed(text.upper().split())) for text in texts[5:9]]
    found = semantic_duplicates([*texts, *again], section(threshold=0.9999, dimensions=dimensions))
    mirrored = [(d.index, d.partner, d.evidence) for d in found if d.index >= len(texts)]
    if dimensions == 500:  # nothing left out: nothing else is alike
        assert mirrored == [(len(texts) + k, 5 + k, {"similarity": 1.0}) for k in range(4)]
        assert len(found) == 4
    assert {index for index, _, _ in mirrored} == {len(texts) + k for k in range(4)}


def test_texts_of_one_topic_are_alike_in_few_dimensions() -> None:
    found = semantic_duplicates(topical(30), section(threshold=0.95, dimensions=3))
    assert [d.index for d in found] == list(range(3, 30))
    assert all(d.partner == d.index % 3 for d in found)


def test_common_words_alone_make_no_duplicates() -> None:
    """Each text has `the` and words of its own: the SVD keeps `the`, in which all are alike."""
    texts = [" ".join(["the", *(f"own{k}x{j}" for j in range(30))]) for k in range(60)]
    assert semantic_duplicates(texts, section(threshold=0.9, dimensions=2)) == []


def test_the_same_every_time() -> None:
    texts = topical(60)
    first = semantic_duplicates(texts, section(threshold=0.8, dimensions=5))
    assert first == semantic_duplicates(texts, section(threshold=0.8, dimensions=5)) != []


def test_no_texts() -> None:
    assert semantic_duplicates([], section()) == semantic_duplicates(["", "?"], section()) == []


class FakeEncoder:
    """sentence_transformers.SentenceTransformer as far as it is used: a text's vector is its count of a and b."""

    asked: dict[str, Any]

    def __init__(self, name: str, **settings: Any) -> None:
        type(self).asked = {"name": name, **settings}
        if "broken" in name:
            raise ValueError("no config\nat all")

    def encode(self, texts: Sequence[str], **settings: Any) -> semantic.Vectors:
        type(self).asked.update(settings)
        vectors = np.array([[t.count("a"), t.count("b"), 0.001] for t in texts], dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakeEncoder]:
    module = types.ModuleType("sentence_transformers")
    module.SentenceTransformer = FakeEncoder  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    return FakeEncoder


def test_vectors_of_a_model(fake: type[FakeEncoder]) -> None:
    found = semantic_duplicates(["a", "b", "aa x", "!", "…", "ab"], section(model="some/model", revision="c0ffee"), "cpu")
    assert found == [Duplicate(2, 0, {"similarity": 1.0})]  # texts without words have no meaning to compare
    assert fake.asked["name"] == "some/model" and fake.asked["revision"] == "c0ffee" and fake.asked["device"] == "cpu"
    assert fake.asked["trust_remote_code"] is False and fake.asked["model_kwargs"] == {"use_safetensors": True}
    assert fake.asked["normalize_embeddings"] is True


@pytest.mark.usefixtures("fake")
def test_a_model_that_does_not_load_is_one_line() -> None:
    with pytest.raises(ModelError, match=r"^dedup.semantic.model 'broken' cannot be loaded: no config$"):
        semantic_duplicates(["a"], section(model="broken"))


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"make install EXTRAS=semantic"):
        check_model(section(model="some/model"))
    check_model(section())
    check_model(section(model="some/model", enabled=False))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    with pytest.raises(ModelError, match="no such folder"):
        check_model(section(model="./not/here"))
    check_model(section(model="some/model"))


def test_a_real_model_of_the_extra(tmp_path: Path) -> None:
    """A tiny random BERT as a sentence-transformers folder; runs after `make install EXTRAS=semantic`."""
    pytest.importorskip("sentence_transformers")
    from transformers import BertConfig, BertModel

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "work", "rent", "exam", "fear", "hope", "sleep"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"}))
    BertModel(BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=32,
    )).save_pretrained(tmp_path)
    texts = ["work rent exam", "sleep hope", "", "Work  RENT exam", "", "fear"]
    found = semantic_duplicates(texts, section(model=str(tmp_path), threshold=0.9999), "cpu")
    assert found == [Duplicate(3, 0, {"similarity": 1.0})]
