"""The layers of the filter that are models of their own, each on the pairs that what came before it let pass.

A classifier of transformers in place of ours, then a guard LLM; both only where params name one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from synthempathy.core.records import Pair
from synthempathy.filters.judging import Verdicts, in_order
from synthempathy.filters.params import Filter
from synthempathy.llm.params import Machine


def are_named(settings: Filter) -> bool:
    """Whether there is such a layer."""
    return settings.guard.model is not None or (settings.classifier.enabled and settings.classifier.transformer.model is not None)


def read_by_models(
    pairs: Sequence[Pair], verdicts: Sequence[Verdicts], settings: Filter, machine: Machine, guard_prompts: Path,
) -> list[Verdicts]:
    """`verdicts`, one for each of `pairs`, and those of the models on pairs without one. ModelError if one cannot be used."""
    found = list(verdicts)
    if settings.classifier.enabled and settings.classifier.transformer.model is not None:
        from synthempathy.filters.classifier.transformer import transformer_verdicts

        found = _with(found, pairs, transformer_verdicts(_passing(pairs, found), settings, machine.device))
    if settings.guard.model is not None:
        from synthempathy.filters.guard import guard_verdicts  # it needs the engines: not where no guard is asked

        found = _with(found, pairs, guard_verdicts(_passing(pairs, found), settings.guard, machine, guard_prompts))
    return found


def _passing(pairs: Sequence[Pair], verdicts: Sequence[Verdicts]) -> list[Pair]:
    return [pair for pair, found in zip(pairs, verdicts, strict=True) if not found]


def _with(verdicts: Sequence[Verdicts], pairs: Sequence[Pair], said: dict[str, Verdicts]) -> list[Verdicts]:
    return [found or in_order(said.get(pair.id, ())) for pair, found in zip(pairs, verdicts, strict=True)]
