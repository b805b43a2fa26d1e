"""minors: sexual content about minors, or grave harm done to them.

`lexicons/minors.txt`, and any phrase of `lexicons/sexual_content.txt` in one sentence with a word for a minor.
A story about one's child, its illness, its school or its birth passes.
"""

from __future__ import annotations

from synthempathy.core.records import Pair
from synthempathy.filters.verdict import Action, Field, Rule, Span, Verdict, quoting, text_in
from synthempathy.text.lexicon import lexicon
from synthempathy.text.words import Text, text_of

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


def minors(reason: str, action: Action, fields: tuple[Field, ...]) -> Rule:
    """A rule for `fields`."""
    own, sexual = lexicon("minors"), lexicon("sexual_content")

    def rule(pair: Pair) -> Verdict | None:
        for field in fields:
            text = text_of(text_in(pair, field))
            hits = [*own[field].hits(text), *_beside_the_young(text, list(sexual[field].hits(text)))]
            if hits:
                return quoting(action, reason, field, text.raw, *hits)
        return None

    return rule


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
