"""Data as scripts: a page from disk may not fetch a file, but it may load a script, and so all data come as calls.

Every value is JSON. `<` is escaped, so that no text can end a script or open a comment, and so are the two line separators
that older JavaScript did not allow in a string.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

_ESCAPED = str.maketrans({"<": "\\u003c", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def as_script(value: Any) -> str:
    """`value` as JSON that is also a JavaScript expression, harmless in a script."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_ESCAPED)


def write_call(path: Path, function: str, *values: Any) -> None:
    """A script that calls `explorer.<function>` with the values."""
    path.write_text(f"explorer.{function}({','.join(map(as_script, values))});\n", encoding="utf-8", newline="\n")


def packed(numbers: NDArray[Any]) -> str:
    """The numbers' bytes, little end first, in base64."""
    return base64.b64encode(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()).decode("ascii")


def units(text: str, at: int) -> int:
    """Where the character `at` of `text` stands for JavaScript, which counts UTF-16 units.

    >>> units("\\U0001f642 so", 2)
    3
    """
    return at if text.isascii() else at + sum(one > "\uffff" for one in text[:at])
