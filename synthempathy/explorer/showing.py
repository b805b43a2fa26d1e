"""How a record is shown: its texts from the first to the last, who wrote them, and its other fields as facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synthempathy.core.records import Record
from synthempathy.explorer.scripts import units

#: Texts that stand in a row for the machine alone.
_UNSHOWN = frozenset(("content_hash", "trims", "characters", "span", "evidence"))
#: Of a number that is drawn: sums and differences of such are numbers too.
_LARGEST = 1e100


@dataclass(frozen=True)
class Labels:
    """What is shown by which name.

    Attributes:
        texts: titles of the fields that are texts, in the order in which one came out of the other.
        scores: titles of scores; one that is not named here is shown by its own name.
        prompts: the prompt that each text was asked for with, where there is one.
    """

    texts: Mapping[str, str]
    scores: Mapping[str, str]
    prompts: Mapping[str, str]

    def of_scores(self, names: Iterable[str]) -> list[list[str]]:
        """Each score's name and title."""
        return [[name, self.scores.get(name, name)] for name in names]


def texts_of(row: Record, labels: Labels) -> list[dict[str, Any]]:
    """The row's texts: `field`, `title`, `text`, and `model` and `prompt` where they are known."""
    values = row.model_dump()
    shown = []
    for field, title in labels.texts.items():
        if isinstance(text := values.get(field), str) and text:
            by = {"model": model_of(values, field), "prompt": labels.prompts.get(field)}
            shown.append({"field": field, "title": title, "text": text} | {k: v for k, v in by.items() if v})
    return shown


def model_of(values: Mapping[str, Any], field: str) -> str | None:
    """The model that wrote a field: `<field>_model`, or `model` of the first one that a model wrote."""
    model = values.get("response_model" if field == "reasoning" else f"{field}_model")
    model = values.get("model") if model is None and field == "story" else model
    return model if isinstance(model, str) else None


def number_in(value: Any) -> float | None:
    """A number of anyone's row as one that can be drawn; None for what is none, or larger than any that is."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and -_LARGEST <= value <= _LARGEST else None


def facts_of(row: Record, labels: Labels) -> list[list[str]]:
    """Name and value of every other field, as they stand in the row."""
    return [
        [name.replace("_", " "), str(value)] for name, value in row.model_dump().items()
        if name not in labels.texts and name not in _UNSHOWN and name not in ("id", "reason", "detail")
        and not name.endswith("model") and isinstance(value, str | int | float) and value != ""
    ]


def searched(row: Record, labels: Labels, *more: str) -> str:
    """All texts of a row as one, its id with them."""
    return "\n".join([row.id, *(one["text"] for one in texts_of(row, labels)), *more])


def marks_of(text: str, spans: Sequence[Sequence[int]]) -> list[list[int]]:
    """Spans in characters as spans in JavaScript's units; what lies outside the text is left out."""
    return [[units(text, start), units(text, end)] for start, end in spans if 0 <= start < end <= len(text)]
