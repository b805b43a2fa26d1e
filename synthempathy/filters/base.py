"""What a rule is, and what rules are made of.

A rule is a file under rules/ with a RULE: every reason that it can give, and what it checks under the parameters. Most
are a function on one text (`Find`), which generation may ask, too; `text_rule` makes a RULE of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from synthempathy.core.records import Pair
from synthempathy.text.lexicon import Lexicon, read_lexicon
from synthempathy.text.words import Text, text_of

if TYPE_CHECKING:  # rules that generation asks need no parameters of the filter
    from synthempathy.domain.wording import Wording
    from synthempathy.filters.params import Filter, Policy

EVIDENCE_CHARACTERS = 160

Action = Literal["drop", "review"]
ACTIONS: tuple[Action, ...] = ("drop", "review")

Field = Literal["story", "explanation", "response"]
#: The texts of a pair, in the order in which rules read them.
FIELDS: tuple[Field, ...] = ("explanation", "response")
#: With the story behind them, which is released too. What it tells is read as an explanation is, how it is written as a
#: response (nobody but the model speaks); rules are asked in these two ways alone.
TEXTS: tuple[Field, ...] = ("story", *FIELDS)

#: Start and end (not included) of a piece of evidence, in characters of the text.
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Found:
    """Evidence in one text: in words, and where it stands; nowhere where it is about the whole text."""

    words: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule found in a pair: what to do, the counted reason, and the evidence with the field it stands in."""

    action: Action
    reason: str
    field: Field
    evidence: str
    spans: tuple[Span, ...] = ()

    @property
    def detail(self) -> str:
        """Field and evidence on one line, as `data/rejected.jsonl` shows it."""
        return f"{self.field}: {' '.join(self.evidence.split())[:EVIDENCE_CHARACTERS]}"


#: What speaks against a text as the explanation, or as the response, of a pair; None for nothing.
Find = Callable[[Text, Field], Found | None]

#: What speaks against a pair; None for nothing. Pure: the same pair gives the same verdict. It reads `id`, `story`,
#: `explanation` and `response` alone: other processes are sent no other fields (judging.py).
Check = Callable[[Pair], Verdict | None]


@dataclass(frozen=True)
class Rule:
    """A rule of the filter.

    Attributes:
        reasons: all that it can give, whatever the parameters are, so that metrics show a change of policy as a move.
        checks: what it checks under the section `filter` of params.yaml; nothing where that switches it off.
        reads: whether it can read texts so worded; of others it is not asked. Every rule that needs no words of a language can.
    """

    reasons: tuple[str, ...]
    checks: Callable[[Filter], Iterable[Check]]
    reads: Callable[[Wording], bool] = lambda wording: True


def english(wording: Wording) -> bool:
    """`Rule.reads` of a rule that knows English words alone."""
    return wording.english


def text_rule(
    reason: str, find: Find, fields: tuple[Field, ...] = TEXTS, *, story_as: Field = "explanation"
) -> Rule:
    """The rule that drops a pair for what `find`, which knows English words alone, finds in one of `fields`."""
    return Rule((reason,), lambda settings: (on_texts(reason, find, fields=fields, story_as=story_as),), english)


def on_texts(
    reason: str, find: Find, action: Action = "drop", fields: tuple[Field, ...] = TEXTS, *, story_as: Field = "explanation"
) -> Check:
    """A check of `fields`, one after the other, by `find`, which is told that the story is a text of the kind `story_as`."""

    def check(pair: Pair) -> Verdict | None:
        for field in fields:
            text = text_in(pair, field)
            found = find(text_of(text), story_as if field == "story" else field) if text else None
            if found is not None:
                return Verdict(action, reason, field, found.words, found.spans)
        return None

    return check


def text_in(pair: Pair, field: Field) -> str:
    """The pair's text in `field`; "" for the story of a row that has none."""
    return str(getattr(pair, field, ""))


def quoted(text: Text, *spans: Span) -> Found | None:
    """Evidence in the words of `text` at the first of `spans`; None where there are none."""
    return Found(text.raw[slice(*spans[0])], spans) if spans else None


def reason_for(action: Action, name: str) -> str:
    """`name`, or review_`name` where it only holds a pair back."""
    return name if action == "drop" else f"review_{name}"


def both_reasons(name: str) -> tuple[str, ...]:
    """The reasons of a rule whose action is a policy."""
    return tuple(reason_for(action, name) for action in ACTIONS)


def action_of(policy: Policy) -> Action | None:
    """What a policy does with a pair; None for nothing."""
    return None if policy == "keep" else policy


@cache
def lexicon(path: Path) -> dict[Field, Lexicon]:
    """The phrases of a file, by field. InputError names file and line of what is not in the language."""
    return read_lexicon(path, FIELDS)


def phrases(path: Path) -> Find:
    """Finds the phrases of a lexicon, which is read when first needed."""
    read = cache(partial(lexicon, path))  # a path takes longer to be looked up than a text
    return lambda text, field: quoted(text, *read()[field].hits(text))
