"""refusal: the model declines ("I cannot help with that") or speaks of itself ("As an AI ...").

By `lexicons/refusal.txt`; most ways of declining are looked for in responses alone, since a person may say them, too.
"""

from __future__ import annotations

from synthempathy.filters.base import phrases, text_rule

find = phrases("refusal")
RULE = text_rule("refusal", find)
