"""What the judge is asked, what its answers say, and how far they agree.

A prompt may use `pair`, a JSON object of post and reply, whose quotes and line breaks are escaped so that no text can
pose as the end of the data; or `explanation` and `response`, the bare texts.

An answer is one JSON object, strictly read. What cannot be read is asked again, not guessed at: that works on every
backend. Where the backend can hold a model to a JSON schema, `scorer.judge.structured` lets it (schema_of).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from synthempathy.core.errors import PromptError
from synthempathy.llm.answers import unfenced
from synthempathy.llm.backends import Completion
from synthempathy.llm.posing import without_posing
from synthempathy.llm.prompts import Message, Prompt, load_prompt
from synthempathy.scorers.base import LEVELS, Dimension, Floats, Integers

_EXAMPLE = ("I missed the bus.", "What happened then?")

#: Why an answer cannot be read, by the name that `levels_in` gives.
REASONS = {
    "cut_at_max_tokens": "it was cut at sampling.max_tokens",
    "not_json": "it is not one JSON object",
    "wrong_fields": "it must hold each dimension and may hold reason, each once and nothing else",
    "wrong_level": "a level is not 0, 1 or 2",
}


def schema_of(dimensions: Sequence[Dimension]) -> dict[str, Any]:
    """The shape of an answer: the reason first, since a model thinks by writing."""
    return {
        "type": "object",
        "properties": {"reason": {"type": "string"}, **{m: {"type": "integer", "enum": list(LEVELS)} for m in dimensions}},
        "required": ["reason", *dimensions],
        "additionalProperties": False,
    }


def read_rubric(path: Path) -> Prompt:
    """A prompt of prompts/judge, checked. PromptError if it is missing, wrong, or leaves out the pair."""
    prompt = load_prompt(path)
    prompt.check(_values(*_EXAMPLE))
    if "pair" not in prompt.variables and not {"explanation", "response"} <= prompt.variables:
        raise PromptError("the judge does not see the pair", file=path, hint="put {{ pair }} into the user block")
    return prompt


def messages_of(rubric: Prompt, explanation: str, response: str) -> list[Message]:
    """The chat messages for a pair. Its texts are never read as a template, and lose what poses as a turn or a verdict."""
    return rubric.messages(**_values(without_posing(explanation), without_posing(response)))


def _values(explanation: str, response: str) -> dict[str, str]:
    """What a rubric may use."""
    pair = json.dumps({"post": explanation, "reply": response}, ensure_ascii=False)
    return {"pair": pair, "explanation": explanation, "response": response}


def fingerprint(rubric: Prompt) -> str:
    """SHA-256 of the prompt's text."""
    return hashlib.sha256(rubric.source.encode()).hexdigest()


def levels_in(answer: Completion, dimensions: Sequence[Dimension]) -> dict[str, str] | str:
    """The level of each dimension as a digit, or a name of `REASONS`. A code fence around the object is allowed."""
    if answer.finish_reason != "stop":
        return "cut_at_max_tokens"
    try:
        found = json.loads(unfenced(answer.text.strip()), object_pairs_hook=list)
    except (ValueError, RecursionError):
        return "not_json"
    if not _is_object(found):
        return "not_json"
    names = sorted(name for name, _ in found if name != "reason")
    if names != sorted(dimensions) or len(found) > len(dimensions) + 1:
        return "wrong_fields"
    levels = {name: level for name, level in found if name != "reason"}
    if any(type(level) is not int or level not in LEVELS for level in levels.values()):
        return "wrong_level"
    return {m: str(levels[m]) for m in dimensions}


def _is_object(found: Any) -> bool:
    """Whether it came from {...}: with the hook a list of (name, value) tuples, as no JSON array can be."""
    return isinstance(found, list) and bool(found) and all(isinstance(item, tuple) for item in found)


def self_agreement(votes: Integers) -> dict[str, float | None]:
    """How far answers to one pair agree. `votes`: (pairs, 3), how many answers named each level of a mechanism.

    Pairs with one answer say nothing and are left out.

    majority  mean share of the level named most, 1/3 to 1
    pairwise  how often two answers to one pair name the same level, 0 to 1
    alpha     Krippendorff's, by squared distance of the levels (Krippendorff, Content Analysis, 2004): 1 perfect, 0 chance
    None where there is nothing to compare (alpha also where all answers to all pairs are the same).
    """
    several = votes[votes.sum(axis=1) > 1].astype(np.float64)
    if not len(several):
        return {"majority": None, "pairwise": None, "alpha": None}
    answers = several.sum(axis=1)
    same = (several * (several - 1)).sum(axis=1) / (answers * (answers - 1))
    return {
        "majority": float((several.max(axis=1) / answers).mean()), "pairwise": float(same.mean()), "alpha": _alpha(several),
    }


def _alpha(votes: Floats) -> float | None:
    """1 - observed / expected disagreement."""
    levels = np.asarray(LEVELS, dtype=np.float64)
    distance = (levels[:, None] - levels[None, :]) ** 2
    # Of two different answers to one pair, how often they are (level, level); the diagonal has distance 0.
    together = (votes[:, :, None] * votes[:, None, :] / (votes.sum(axis=1) - 1)[:, None, None]).sum(axis=0)
    named = votes.sum(axis=0)
    total = named.sum()
    observed = (together * distance).sum() / total
    expected = (np.outer(named, named) * distance).sum() / (total * (total - 1))
    return float(1 - observed / expected) if expected else None
