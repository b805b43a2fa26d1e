"""sensitive: a pair touches a topic that the corpus may not hold, or holds only after someone has looked.

One rule a topic, by `lexicons/<topic>.txt`; params.yaml's filter.topics says drop, review or keep, for the
explanation and for the response. `minors` is more than a lexicon (minors.py).
"""

from __future__ import annotations

from synthempathy.filters.rules.minors import minors
from synthempathy.filters.verdict import FIELDS, Action, Field, Rule
from synthempathy.text.lexicon import phrase_rule

#: In the order in which they are looked for.
TOPICS = (
    "minors", "self_harm", "abuse", "sexual_content", "violence", "drugs", "eating_disorders", "medical_legal",
)


def sensitive(topic: str, action: Action, fields: tuple[Field, ...] = FIELDS) -> Rule:
    """A rule for one topic in `fields`. Its reason is `sensitive_<topic>` or `review_<topic>`, by what it does."""
    reason = sensitive_reason(topic, action)
    return minors(reason, action, fields) if topic == "minors" else phrase_rule(reason, topic, action, fields)


def sensitive_reason(topic: str, action: Action) -> str:
    """The counted reason for `topic` under `action`."""
    return f"sensitive_{topic}" if action == "drop" else f"review_{topic}"
