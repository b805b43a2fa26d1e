"""Stop texts: an answer ends where one of them begins. For the backends that see tokens; servers keep to them by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

#: So many of the last tokens are looked at after each token. A stop text is short, and longer than a token by a few.
TAIL = 24


def ends_at(tokenizer: Any, ids: Sequence[int], stop: Sequence[str]) -> bool:
    """Whether the answer `ids` (token ids) holds a stop text in its last tokens."""
    tail = tokenizer.decode(ids[-TAIL:], skip_special_tokens=False)
    return any(text in tail for text in stop)


def cut_at(text: str, stop: Sequence[str]) -> str:
    """`text` up to the first stop text in it."""
    ends = [place for one in stop if (place := text.find(one)) >= 0]
    return text[: min(ends)].rstrip() if ends else text
