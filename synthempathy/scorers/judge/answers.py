"""What an answer of the judge says: one JSON object, strictly read. What cannot be read is asked again, not guessed at.

A strict reader and another try work on every backend; a server's own structured output is not needed.
"""

from __future__ import annotations

import json
import re
from typing import Any

from synthempathy.llm.backends import Completion
from synthempathy.scorers.mechanisms import LEVELS, MECHANISMS

_FENCED = re.compile(r"```(?:json)?\s*\n(.*)\n\s*```", re.DOTALL)

#: Why an answer cannot be read, by the name that `levels_in` gives.
REASONS = {
    "cut_at_max_tokens": "it was cut at sampling.max_tokens",
    "not_json": "it is not one JSON object",
    "wrong_fields": f"it must hold {', '.join(MECHANISMS)} and may hold reason, each once and nothing else",
    "wrong_level": "a level is not 0, 1 or 2",
}


def levels_in(answer: Completion) -> dict[str, str] | str:
    """The level of each mechanism as a digit, or a name of `REASONS`. A code fence around the object is allowed."""
    if answer.finish_reason != "stop":
        return "cut_at_max_tokens"
    text = answer.text.strip()
    fenced = _FENCED.fullmatch(text)
    try:
        found = json.loads(fenced[1] if fenced else text, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return "not_json"
    if not _is_object(found):
        return "not_json"
    names = sorted(name for name, _ in found if name != "reason")
    if names != sorted(MECHANISMS) or len(found) > len(MECHANISMS) + 1:
        return "wrong_fields"
    levels = {name: level for name, level in found if name != "reason"}
    if any(type(level) is not int or level not in LEVELS for level in levels.values()):
        return "wrong_level"
    return {m: str(levels[m]) for m in MECHANISMS}


def _is_object(found: Any) -> bool:
    """Whether it came from {...}: with the hook a list of (name, value) tuples, as no JSON array can be."""
    return isinstance(found, list) and bool(found) and all(isinstance(item, tuple) for item in found)
