"""The classifier as a rule of the filter: a check for each label that the policies want, at its threshold."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from synthempathy.core.records import Pair
from synthempathy.filters.base import FIELDS, Action, Check, Field, Rule, Verdict, action_of, english, text_in
from synthempathy.filters.classifier.model import LABELS, Classifier, Hit, load_classifier
from synthempathy.filters.params import Filter
from synthempathy.filters.rules.topics import RULE as TOPIC_RULE
from synthempathy.filters.rules.topics import TOPICS, topic_reason


def _checks(settings: Filter) -> Iterator[Check]:
    """ModelError if the folder filter.classifier.model holds no classifier."""
    if not settings.classifier.enabled:
        return
    classifier = load_classifier(Path(settings.classifier.model))
    lowest = min(settings.classifier.thresholds.model_dump().values())

    @lru_cache(maxsize=4)
    def hits(raw: str, field: Field) -> dict[str, Hit]:
        return classifier.hits(raw, field, lowest)

    def check_for(label: str, actions: dict[Field, Action | None]) -> Check:
        least = getattr(settings.classifier.thresholds, label)

        def check(pair: Pair) -> Verdict | None:
            for field, action in actions.items():
                hit = hits(text_in(pair, field), field).get(label) if action else None
                if action and hit and hit.score >= least:
                    return _verdict(action, label, field, text_in(pair, field), hit, classifier)
            return None

        return check

    other = settings.classifier.transformer
    for label in LABELS:
        if other.model is not None and label in other.labels.values():
            continue  # it says so in the place of this one
        actions = {field: _action(settings, label, field) for field in FIELDS}
        if any(actions.values()):
            yield check_for(label, actions)


#: After the lexicons: it finds what they miss.
RULE = Rule((*(label for label in LABELS if label not in TOPICS), *TOPIC_RULE.reasons), _checks, english)


def _action(settings: Filter, label: str, field: Field) -> Action | None:
    return action_of(getattr(getattr(settings.topics, label), field)) if label in TOPICS else "drop"


def _verdict(action: Action, label: str, field: Field, raw: str, hit: Hit, classifier: Classifier) -> Verdict:
    all_spans = classifier.reader.read(raw).spans
    spans = tuple(all_spans[place] for place in hit.places)
    words = " .. ".join(raw[start:end] for start, end in spans)
    reason = topic_reason(label, action) if label in TOPICS else label
    return Verdict(action, reason, field, f"classifier {hit.score:.2f}: {words}", spans)
