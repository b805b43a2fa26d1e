"""Ask the rules about many pairs, by as many processes as the machine has cores. Their number changes no verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from synthempathy.core.records import Pair
from synthempathy.filters.order import rules_in_order
from synthempathy.filters.params import Filter
from synthempathy.filters.verdict import Rule, Verdict

Verdicts = tuple[Verdict, ...]

CHUNK = 500  # pairs: what a process is given at a time
ALONE = 8 * CHUNK  # up to here one process is faster than starting others

#: What a rule may read, sent to other processes in place of the whole row: id, explanation, response.
_Texts = tuple[str, str, str]


def judged(pairs: Sequence[Pair], settings: Filter) -> Iterator[list[Verdicts]]:
    """What the rules of `settings` say of each pair, in the order of `pairs`, a chunk of pairs at a time."""
    texts = [(pair.id, pair.explanation, pair.response) for pair in pairs]
    chunks = [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]
    if len(pairs) <= ALONE:
        return (_judge(chunk, settings) for chunk in chunks)
    from sklearn.utils.parallel import Parallel, delayed

    return iter(Parallel(n_jobs=-1, return_as="generator")(delayed(_judge)(chunk, settings) for chunk in chunks))


def verdicts_on(pair: Pair, rules: tuple[Rule, ...]) -> Verdicts:
    """What `rules` say of `pair`, in their order, each reason once; empty for a good pair."""
    first: dict[str, Verdict] = {}  # what a lexicon said, the classifier need not say again
    for rule in rules:
        verdict = rule(pair)
        if verdict is not None:
            first.setdefault(verdict.reason, verdict)
    return in_order(first.values())


def in_order(verdicts: Iterable[Verdict]) -> Verdicts:
    """The verdicts with those that drop before those that hold back, in their order otherwise."""
    return tuple(sorted(verdicts, key=lambda verdict: verdict.action == "review"))


def _judge(chunk: list[_Texts], settings: Filter) -> list[Verdicts]:
    rules = _rules(settings)
    pairs = (Pair.model_construct(id=id, explanation=told, response=said) for id, told, said in chunk)
    return [verdicts_on(pair, rules) for pair in pairs]


@cache
def _rules(settings: Filter) -> tuple[Rule, ...]:
    """Read once a process."""
    return rules_in_order(settings)
