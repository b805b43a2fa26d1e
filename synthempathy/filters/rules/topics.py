"""topics: a pair touches a topic that the corpus may not hold, or holds only after someone has looked.

By `lexicons/<topic>.txt`; params.yaml's filter.topics says drop, review or keep, for the explanation and for the response.
`minors` is more than a lexicon: sexual content about minors, or grave harm done to them, is a phrase of
`lexicons/minors.txt`, or any of `lexicons/sexual_content.txt` in one sentence with a word for a minor. A story about one's
child, its illness, its school or its birth passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from synthempathy.filters.base import (
    ACTIONS,
    TEXTS,
    Action,
    Check,
    Field,
    Find,
    Found,
    Rule,
    Span,
    english,
    lexicon,
    on_texts,
    phrases,
    quoted,
    reason_for,
)
from synthempathy.filters.params import Filter, Policy, TopicPolicy, Topics
from synthempathy.text.words import Text

#: In the order in which they are looked for.
TOPICS: tuple[str, ...] = tuple(Topics.model_fields)
LEXICONS = Path(__file__).parents[1] / "lexicons"
_SEXUAL, _MINORS = LEXICONS / "sexual_content.txt", LEXICONS / "minors.txt"

ENDS = frozenset('.!?\n')
YOUNG = frozenset((
    "child", "children", "child's", "kid", "kids", "kid's", "minor", "minors", "underage", "preteen", "preteens",
    "toddler", "toddlers", "schoolgirl", "schoolgirls", "schoolboy", "schoolboys", "pupil", "pupils", "baby", "infant",
    "niece", "nephew", "teenager", "teenagers", "teen", "teens", "stepdaughter", "stepson", "daughter", "son",
))
OLD_ENOUGH = 18
_NUMBERS = {
    "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13,
    "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
}


def topic_reason(topic: str, action: Action) -> str:
    """The counted reason for `topic`: sensitive_<topic>, or review_<topic> where the pair is only held back."""
    return reason_for(action, f"sensitive_{topic}" if action == "drop" else topic)


def find_minors(text: Text, field: Field) -> Found | None:
    """Both kinds of phrases, each where it stands."""
    sexual = list(lexicon(_SEXUAL)[field].hits(text))
    return quoted(text, *lexicon(_MINORS)[field].hits(text), *_beside_the_young(text, sexual))


FINDERS: Mapping[str, Find] = {topic: phrases(LEXICONS / f"{topic}.txt") for topic in TOPICS} | {"minors": find_minors}


def _checks(settings: Filter) -> Iterator[Check]:
    """A check for a topic and an action, of the fields that the policy gives it."""
    for action in ACTIONS:
        for topic in TOPICS:
            policy = getattr(settings.topics, topic)
            fields = tuple(field for field in TEXTS if policy_of(policy, field) == action)
            if fields:
                yield on_texts(topic_reason(topic, action), FINDERS[topic], action, fields)


def policy_of(policy: TopicPolicy, field: Field) -> Policy:
    """What the policy of a topic says of `field`; the explanation's holds for the story that it retells."""
    return policy.response if field == "response" else policy.explanation


RULE = Rule(tuple(topic_reason(topic, action) for action in ACTIONS for topic in TOPICS), _checks, english)


def _beside_the_young(text: Text, hits: list[Span]) -> list[Span]:
    """Those of `hits` that share a sentence with a word for a minor."""
    if not hits:
        return []
    young: set[int] = set()
    sentence_of: list[int] = []
    sentence = 0
    for at, token in enumerate(text.tokens):
        sentence += token in ENDS
        sentence_of.append(sentence)
        if token in YOUNG or _age(text.tokens, at) < OLD_ENOUGH:
            young.add(sentence)
    starts = {span[0]: at for at, span in enumerate(text.spans)}
    return [hit for hit in hits if sentence_of[starts[hit[0]]] in young]


def _age(tokens: list[str], at: int) -> int:
    """The age that `tokens` name at `at` ("14 year old"); OLD_ENOUGH if they name none."""
    if tokens[at + 1 : at + 2] not in (["year"], ["years"], ["yr"]) or tokens[at + 2 : at + 3] != ["old"]:
        return OLD_ENOUGH
    token = tokens[at]
    return int(token) if token.isdecimal() and len(token) < 3 else _NUMBERS.get(token, OLD_ENOUGH)
