"""A classifier of transformers in place of ours: its labels give reasons, long texts are read in pieces, mistakes are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from synthempathy.core.errors import ModelError, ParamsError
from synthempathy.filters.classifier.rule import RULE
from synthempathy.filters.classifier.transformer import TextClassifier, transformer_verdicts
from synthempathy.filters.params import Filter
from tests.helpers.pairs import filter_settings, pair_of
from tests.helpers.small_classifier import small_classifier
from tests.helpers.tiny_encoder import save_tiny_encoder

VILE = "zxq " * 3


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random classifier of the labels fine and hate, with no leaning: its logits are 0 but for the words of the text."""
    import torch
    from transformers import AutoModelForSequenceClassification

    folder = save_tiny_encoder(tmp_path_factory.mktemp("encoder"))
    torch.manual_seed(4)
    made = AutoModelForSequenceClassification.from_pretrained(
        folder, id2label={0: "fine", 1: "hate"}, label2id={"fine": 0, "hate": 1}, problem_type="single_label_classification",
    )
    made.classifier.out_proj.weight.data.mul_(20)
    made.save_pretrained(folder)
    return folder


def settings(folder: Path, *, enabled: bool = False, classifier: str = "none", **changed: Any) -> Filter:
    given = filter_settings().classifier.model_dump()
    own = given["transformer"] | {"model": str(folder), "max_length": 16, "batch_size": 3} | changed
    return filter_settings(classifier=given | {"enabled": enabled, "model": classifier, "transformer": own})


def test_scores_do_not_depend_on_batches_and_a_long_text_is_as_harmful_as_its_worst_piece(model: Path) -> None:
    classifier = TextClassifier(settings(model).classifier.transformer, "cpu")
    texts = ["I was late.", VILE, "", "I was late. " * 30, f"{'I was late. ' * 30}{VILE}"]
    scores = classifier.scores(texts)["offensive"]
    assert scores.shape == (5,) and ((scores >= 0) & (scores <= 1)).all()
    for text, score in zip(texts, scores, strict=True):
        assert classifier.scores([text])["offensive"][0] == pytest.approx(score, abs=1e-5)
    assert scores[4] >= scores[3] - 1e-5  # it holds the pieces of the other, and more
    assert classifier.scores([])["offensive"].shape == (0,)


def test_what_scores_over_the_threshold_is_dropped_with_the_model_named(model: Path) -> None:
    pairs = [pair_of("I was late.", "That was hard.", id="a")]
    score = TextClassifier(settings(model).classifier.transformer, "cpu").scores(["That was hard."])["offensive"][0]
    (verdict,) = (
        v for v in transformer_verdicts(pairs, settings(model, threshold=max(score, 1e-3)), "cpu")["a"] if v.field == "response"
    )
    assert (verdict.action, verdict.reason) == ("drop", "offensive") and str(model) in verdict.evidence
    assert transformer_verdicts(pairs, settings(model, threshold=1.0), "cpu") == {}
    held = settings(model, threshold=1e-3, labels={"hate": "violence", "fine": "medical_legal"})
    reasons = {(v.reason, v.action, v.field) for v in transformer_verdicts(pairs, held, "cpu")["a"]}
    assert ("review_violence", "review", "response") in reasons
    assert not any(reason.endswith("medical_legal") and field == "explanation" for reason, _, field in reasons)  # kept there


def test_ours_is_not_asked_for_its_reasons(model: Path, tmp_path: Path) -> None:
    small_classifier().save(tmp_path / "safety")
    own = {"enabled": True, "classifier": str(tmp_path / "safety")}
    given = settings(model, **own)
    off = given.model_copy(update={"classifier": given.classifier.model_copy(update={
        "transformer": given.classifier.transformer.model_copy(update={"model": None}),
    })})
    assert len(list(RULE.checks(off))) == len(list(RULE.checks(given))) + 1


def test_what_cannot_be_loaded_or_lacks_a_label_is_one_error(model: Path, tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"filter\.classifier\.transformer\.labels.*'toxic'.*it has: fine, hate"):
        TextClassifier(settings(model, labels={"toxic": "offensive"}).classifier.transformer, "cpu")
    with pytest.raises(ModelError, match="does not exist"):
        TextClassifier(settings(Path("models/nowhere")).classifier.transformer, "cpu")
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match=r"filter\.classifier\.transformer\.model: cannot load"):
        TextClassifier(settings(tmp_path).classifier.transformer, "cpu")
