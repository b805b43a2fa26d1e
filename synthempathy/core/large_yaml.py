"""YAML files of thousands of texts: read by libyaml, in a tenth of the time, and as `core/params.py` reads if one is wrong.

libyaml's reader knows no lines and has the rules of YAML 1.1. So a file that it cannot read, or whose values do not fit, is read
once more by the reader of YAML 1.2, which has the last word and names the line.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from synthempathy.core.files import read_text
from synthempathy.core.params import MOST_CHARACTERS, M, ParamsFile, measure, read_mapping


def read_model(path: Path, model: type[M]) -> M:
    """The file, checked. ParamsError names file, line, key and value of the first mistake in it."""
    text = read_text(path)
    if len(text) <= MOST_CHARACTERS:
        try:
            value = yaml.load(text, Loader=_Loader)
            measure(value)
            return model.model_validate(value)
        except (yaml.YAMLError, ValidationError, ValueError, TypeError, OverflowError, RecursionError):
            pass  # said below, with its line
    return ParamsFile(path, read_mapping(path)).whole(model)


#: What may be a number to YAML 1.2 and a word or another number to YAML 1.1, as 1e3 and 012 are; of 12 both say the same.
_NUMBER = re.compile(r"(?!(?:0|-?[1-9][0-9]*)\Z)[-+]?[0-9.][0-9a-fA-FxoeE_.+-]*")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe, and refuses what YAML 1.2 does not read as a text, and a key that comes twice, of which one would be lost."""

    def construct_scalar(self, node: yaml.ScalarNode) -> Any:
        if not node.style and _NUMBER.fullmatch(node.value):
            raise yaml.constructor.ConstructorError(None, None, "a number, perhaps", node.start_mark)
        return super().construct_scalar(node)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        found: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        if len(found) < len(node.value):
            raise yaml.constructor.ConstructorError(None, None, "a key comes twice", node.start_mark)
        return found
