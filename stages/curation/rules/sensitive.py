"""sensitive: a pair touches a topic that the corpus may not hold, or holds only after someone has looked.

One rule a topic, by `lexicons/<topic>.txt`; params.yaml's filter.topics says drop, review or keep.
"""

from __future__ import annotations

from stages.curation.rules.lexicon import phrase_rule
from stages.curation.rules.verdict import Action, Rule

#: In the order in which they are looked for.
TOPICS = ("self_harm", "abuse", "sexual_content", "violence", "drugs", "eating_disorders")


def sensitive(topic: str, action: Action) -> Rule:
    """A rule for one topic. Its reason is `sensitive_<topic>` if it drops, `review_<topic>` if it holds back."""
    return phrase_rule(sensitive_reason(topic, action), topic, action)


def sensitive_reason(topic: str, action: Action) -> str:
    """The counted reason for `topic` under `action`."""
    return f"sensitive_{topic}" if action == "drop" else f"review_{topic}"
