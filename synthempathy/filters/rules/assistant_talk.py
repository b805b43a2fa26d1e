"""assistant_talk: talk around the answer ("Here's a rewritten version:", "I hope this helps"), or chat markup."""

from __future__ import annotations

import re

from synthempathy.core.records import Pair
from synthempathy.filters.verdict import FIELDS, Rule, Verdict, quoting, text_in
from synthempathy.text.lexicon import phrase_rule
from synthempathy.text.words import lowered

REASON = "assistant_talk"

_ANSWER = r"(?:response|reply|retelling|rewrite|rewriting|rewritten|paraphrase|first[- ]person|revised|empathetic)"
_AGREES = r"(?:sure|sure thing|certainly|of course|absolutely|okay|ok|no problem)"
#: At the very start of a text.
_OPENING = re.compile(
    rf"\W{{0,4}}(?:{_AGREES}[\s,!.:-]{{1,4}}){{0,2}}here(?:'s| is| are) (?:\S+ ){{0,5}}?\W?"
    rf"(?:{_ANSWER}\b|explanation:)"
    rf"|\W{{0,4}}{_AGREES}[\s,!.:-]{{1,4}}(?:here(?:'s| is| are) (?:a|an|the|my|your|one)\b"
    r"|i(?:'d| would) be (?:happy|glad) to|i(?:'ll| will| can) (?:help|assist|rewrite|retell|provide|do my best)"
    r"|let me (?:rewrite|retell|provide))"
)
#: Anywhere: special tokens of chat templates, role labels, placeholders, word counts, notes under the text.
_MARKUP = re.compile(
    r"<\|[^|<>\n]{1,30}\|>|\[/?inst\]|<</?sys>>|</?s>|<(?:start|end)_of_turn>"
    r"|^[ \t>*#]{0,6}(?:user|assistant|human|ai|system|chatbot|therapist)[*]{0,2}[ \t]?:"
    r"|^[ \t*(]{0,4}(?:note|word count|disclaimer)[*]{0,2}[ \t]?:"
    r"|\(?\bword count\b|\(\d{2,3} words\)|^#{2,} ?(?:instruction|input|output|response)"
    r"|\[(?:your|insert|name|user|friend|person|listener|their|his|her|date|place|company|city)\b[^\]\n]{0,40}\]",
    re.MULTILINE,
)
#: Without one of these there is no markup; most texts hold none.
_SIGNS = ("<", "[", ":", "#", "word count", " words)")


def assistant_talk() -> Rule:
    """A rule by `lexicons/assistant_talk.txt`, openings and markup, in both fields."""
    phrases = phrase_rule(REASON, "assistant_talk")

    def rule(pair: Pair) -> Verdict | None:
        for field in FIELDS:
            text = text_in(pair, field)
            lower = lowered(text)
            hit = _OPENING.match(lower)
            if not hit and any(sign in lower for sign in _SIGNS):
                hit = _MARKUP.search(lower)
            if hit:
                return quoting("drop", REASON, field, text, hit.span())
        return phrases(pair)

    return rule
