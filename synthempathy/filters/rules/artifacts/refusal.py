"""refusal: the model declines ("I cannot help with that") or speaks of itself ("As an AI ...").

By `lexicons/artifacts/refusal.txt`; most ways of declining are looked for in responses alone, since a person may say them, too.
It knows English alone.
"""

from __future__ import annotations

from pathlib import Path

from synthempathy.filters.base import phrases, text_rule

find = phrases(Path(__file__).parents[2] / "lexicons/artifacts/refusal.txt")
RULE = text_rule("refusal", find, story_as="response")
