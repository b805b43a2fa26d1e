"""All rules in the order in which they are asked, and what they say of many pairs.

The first rule with a verdict names a row's reason: what a model leaves in place of an answer first, then content, then
whether the response belongs to the explanation. What only holds back for review comes after all that drops.

To add a rule: its file under rules/ with a RULE (base.py says what that is), a line in RULES, and its test. Where it has a
policy, a key in params.py and params.yaml. Phrases go to lexicons/<name>.txt. A rule that knows English words alone says so
(`reads`): it is asked of no other language.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from synthempathy.core.records import Pair
from synthempathy.domain.wording import Wording
from synthempathy.filters.base import Check, Rule, Verdict
from synthempathy.filters.classifier import rule as classifier
from synthempathy.filters.params import Filter
from synthempathy.filters.rules import (
    answers_someone_else,
    no_pointer_to_help,
    offensive,
    personal_data,
    topics,
    unsafe_advice,
)
from synthempathy.filters.rules.artifacts import (
    assistant_talk,
    length,
    not_first_person,
    other_language,
    prompt_echo,
    refusal,
    repetition,
    truncated,
)

RULES: tuple[Rule, ...] = (
    length.RULE,
    truncated.RULE,
    other_language.RULE,
    repetition.RULE,
    refusal.RULE,
    assistant_talk.RULE,
    prompt_echo.RULE,
    not_first_person.RULE,
    personal_data.RULE,
    offensive.RULE,
    unsafe_advice.RULE,
    topics.RULE,
    no_pointer_to_help.RULE,
    answers_someone_else.RULE,
    classifier.RULE,
)

#: The reason of a row that data/review/decisions.csv drops.
DECISION = "decision"

#: Every reason, whatever the params are.
REASONS: tuple[str, ...] = (*dict.fromkeys(reason for rule in RULES for reason in rule.reasons), DECISION)

CHUNK = 500  # pairs: what a process is given at a time
ALONE = 8 * CHUNK  # up to here one process is faster than starting others

#: The phrases that rules look for, in files and subfolders: what `check` reads.
LEXICONS = Path(__file__).parent / "lexicons"

Verdicts = tuple[Verdict, ...]

#: What a rule may read, sent to other processes in place of the whole row: id, story, explanation, response.
_Texts = tuple[str, str, str, str]


def checks_in_order(settings: Filter) -> tuple[Check, ...]:
    """The checks that `settings` ask for. InputError of a lexicon, ModelError of the classifier, if it cannot be read."""
    return tuple(check for rule in RULES if rule.reads(settings.wording) for check in rule.checks(settings))


def unasked(wording: Wording) -> list[str]:
    """The reasons that no rule can give of texts so worded, because it knows none of the words that it needs."""
    asked = {reason for rule in RULES if rule.reads(wording) for reason in rule.reasons}
    return [reason for reason in REASONS if reason not in asked and reason != DECISION]


def judged(pairs: Sequence[Pair], settings: Filter) -> Iterator[list[Verdicts]]:
    """What the rules say of each pair, in the order of `pairs`, a chunk of pairs at a time.

    By as many processes as the machine has cores; their number changes no verdict.
    """
    texts = [(pair.id, pair.story, pair.explanation, pair.response) for pair in pairs]
    chunks = [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]
    if len(pairs) <= ALONE:
        return (_judge(chunk, settings) for chunk in chunks)
    from sklearn.utils.parallel import Parallel, delayed

    return iter(Parallel(n_jobs=-1, return_as="generator")(delayed(_judge)(chunk, settings) for chunk in chunks))


def verdicts_on(pair: Pair, checks: Iterable[Check]) -> Verdicts:
    """What `checks` say of `pair`, in their order, each reason once; empty for a good pair."""
    first: dict[str, Verdict] = {}  # what a lexicon said, the classifier need not say again
    for check in checks:
        verdict = check(pair)
        if verdict is not None:
            first.setdefault(verdict.reason, verdict)
    return in_order(first.values())


def in_order(verdicts: Iterable[Verdict]) -> Verdicts:
    """The verdicts with those that drop before those that hold back, in their order otherwise."""
    return tuple(sorted(verdicts, key=lambda verdict: verdict.action == "review"))


def _judge(chunk: list[_Texts], settings: Filter) -> list[Verdicts]:
    checks = _checks(settings.model_dump_json())
    pairs = (
        Pair.model_construct(id=id, story=story, explanation=explanation, response=response)
        for id, story, explanation, response in chunk
    )
    return [
        (large,) if (large := length.too_large(pair, settings.max_characters)) else verdicts_on(pair, checks)
        for pair in pairs
    ]


@cache
def _checks(settings: str) -> tuple[Check, ...]:
    """Read once per process. `settings` are the section as JSON, which can be a key."""
    return checks_in_order(Filter.model_validate_json(settings))
