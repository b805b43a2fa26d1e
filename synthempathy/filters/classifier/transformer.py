"""A classifier of transformers in place of ours: a toxicity or hate model from a folder or the Hugging Face hub.

Off unless filter.classifier.transformer.model names one. `labels` says which of the model's labels give which reason; for these
reasons the classifier learned from data/safety is not asked. A text that is longer than the model reads is read in overlapping
pieces, and is as harmful as its most harmful one. Safetensors only, no code of others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthempathy.core.errors import ModelError, ParamsError
from synthempathy.core.progress import progress
from synthempathy.core.records import Pair
from synthempathy.filters.base import FIELDS, Action, Verdict, action_of, text_in
from synthempathy.filters.params import Filter, TransformerClassifier
from synthempathy.filters.rules.topics import TOPICS, topic_reason
from synthempathy.llm.loading import is_folder, pick_device, quiet

_FIELD = "filter.classifier.transformer"
_OVERLAP = 4  # a piece shares one part in so many with the one before it


class TextClassifier:
    """A sequence classifier. Loaded when made; ModelError if it cannot be, ParamsError if it lacks a label that is named."""

    def __init__(self, settings: TransformerClassifier, device: str) -> None:
        """`settings.model` is not None; `device` as in machine.device."""
        quiet()
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        self.settings, name = settings, str(settings.model)
        is_folder(name)
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(
                name, revision=settings.revision, trust_remote_code=False, split_special_tokens=True,
            )
            model = AutoModelForSequenceClassification.from_pretrained(
                name, revision=settings.revision, dtype=torch.float32, use_safetensors=True, trust_remote_code=False,
            )
        except Exception as error:
            first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
            raise ModelError(f"{_FIELD}.model: cannot load {name}: {first.strip()}") from None
        self._model = model.to(pick_device(device)).eval()
        has = {str(label): int(number) for number, label in model.config.id2label.items()}
        lacking = next((label for label in settings.labels if label not in has), None)
        if lacking is not None:
            raise ParamsError(
                "the model has no such label", field=f"{_FIELD}.labels", value=lacking, hint=f"it has: {', '.join(has)}",
            )
        self._columns = {label: has[label] for label in settings.labels}
        self._apart = model.config.problem_type == "multi_label_classification" or len(has) == 1

    def scores(self, texts: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        """(texts,) for each reason: the highest score, 0 to 1, that a label of it has in any piece of a text."""
        found: dict[str, NDArray[np.float64]] = {reason: np.zeros(len(texts)) for reason in self.settings.labels.values()}
        if not texts:
            return found
        owner, pieces = self._pieces(texts)
        for first in range(0, len(pieces), self.settings.batch_size):
            likely = self._likely(pieces[first : first + self.settings.batch_size])
            of = owner[first : first + self.settings.batch_size]
            for label, column in self._columns.items():
                np.maximum.at(found[self.settings.labels[label]], of, likely[:, column])
        return found

    def _pieces(self, texts: Sequence[str]) -> tuple[NDArray[np.intp], list[dict[str, Any]]]:
        """Pieces of the texts, each of as many tokens as the model may read, and the text of each."""
        read = self._tokenizer(
            list(texts), truncation=True, max_length=self.settings.max_length, stride=self.settings.max_length // _OVERLAP,
            return_overflowing_tokens=True,
        )
        owner = np.array(read.pop("overflow_to_sample_mapping"), dtype=np.intp)
        return owner, [{name: values[k] for name, values in read.items()} for k in range(len(owner))]

    def _likely(self, pieces: list[dict[str, Any]]) -> NDArray[np.float64]:
        """(pieces, labels)."""
        import torch

        batch = self._tokenizer.pad(pieces, return_tensors="pt").to(self._model.device)
        with torch.inference_mode():
            logits = self._model(**batch).logits.double()
        likely: NDArray[np.float64] = (logits.sigmoid() if self._apart else logits.softmax(-1)).cpu().numpy()
        return likely


def transformer_verdicts(pairs: Sequence[Pair], settings: Filter, device: str) -> dict[str, tuple[Verdict, ...]]:
    """What the model says against pairs, by id, under the policies of `settings`; a pair that it lets pass is not there."""
    own = settings.classifier.transformer
    if own.model is None or not pairs:
        return {}
    classifier = TextClassifier(own, device)
    found: dict[str, list[Verdict]] = {}
    with progress("transformer", len(FIELDS) * len(pairs)) as advance:
        for field in FIELDS:
            actions: dict[str, Action | None] = {reason: _action(settings, reason, field) for reason in own.labels.values()}
            texts = [text_in(pair, field) for pair in pairs]
            for reason, scores in classifier.scores(texts).items():
                action = actions[reason]
                for k in np.flatnonzero(scores >= own.threshold).tolist() if action else ():
                    named = topic_reason(reason, action) if reason in TOPICS and action else reason
                    words = f"{own.model} {scores[k]:.2f}: {texts[k]}"
                    found.setdefault(pairs[k].id, []).append(Verdict(action or "drop", named, field, words))
            advance(len(pairs))
    return {id_: tuple(verdicts) for id_, verdicts in found.items()}


def _action(settings: Filter, reason: str, field: str) -> Action | None:
    return action_of(getattr(getattr(settings.topics, reason), field)) if reason in TOPICS else "drop"
