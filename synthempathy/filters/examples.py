"""Labelled examples for the filter's rules: to train the classifier on, and to measure the filter by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from synthempathy.core.errors import InputError
from synthempathy.core.files import read_csv
from synthempathy.core.records import Pair
from synthempathy.filters.base import FIELDS, Field
from synthempathy.filters.rules.topics import FINDERS, TOPICS
from synthempathy.text.words import text_of

COLUMNS = ("text", "field", "reason", "also", "note")
#: The reasons of rules on content, which examples measure. Rules on form, like a text's length, are tested case by case.
MEASURED: tuple[str, ...] = ("offensive", "personal_data", "refusal", "assistant_talk", "unsafe_advice", *TOPICS)
ANY_TOPIC = "topics"  # in `also`: every one of TOPICS
ORDINARY = "ordinary"  # the author of what must pass because it stands in a labelled pair


@dataclass(frozen=True, slots=True)
class Example:
    """One text.

    `reason` is what the filter must say of it, empty for a text that must pass; `also` is what it may say besides.
    `weight` is what it counts in training (0: it only measures), `author` who wrote it. Texts of one `template` are never in
    two folds.
    """

    text: str
    field: Field
    reason: str
    also: frozenset[str]
    weight: float = 1.0
    author: str = ""
    template: str = ""

    @property
    def reasons(self) -> frozenset[str]:
        """All that is said, or may be said, of the text."""
        return self.also | {self.reason} if self.reason else self.also


def read_examples(path: Path, reasons: tuple[str, ...]) -> list[Example]:
    """The examples of a CSV with COLUMNS. InputError names file, line and field of what is wrong."""
    examples: list[Example] = []
    lines: dict[str, int] = {}
    for line, row in read_csv(path, COLUMNS):
        text = row["text"].strip()
        if not text:
            raise InputError("empty", file=path, line=line, field="text", hint="write the text, or take the row out")
        if text in lines:
            raise InputError(f"the same text as on line {lines[text]}", file=path, line=line, field="text", value=text)
        if row["field"] not in FIELDS:
            raise InputError("unknown", file=path, line=line, field="field", value=row["field"],
                             hint="explanation or response")
        for column in ("reason", "also"):
            known = (*reasons, ANY_TOPIC) if column == "also" else reasons
            unknown = next((reason for reason in row[column].split() if reason not in known), None)
            if unknown is not None:
                raise InputError("unknown", file=path, line=line, field=column, value=unknown,
                                 hint=f"there are: {', '.join(known)}")
        also = frozenset(row["also"].replace(ANY_TOPIC, " ".join(TOPICS)).split())
        lines[text] = line
        field: Field = "explanation" if row["field"] == "explanation" else "response"
        examples.append(Example(text, field, row["reason"].strip(), also, author=_author(row["note"])))
    if not examples:
        raise InputError("no examples", file=path, hint=f"expected rows under {','.join(COLUMNS)}")
    return examples


def _author(note: str) -> str:
    """Whom a note names at its beginning ("second author: reported insults"); else the first author."""
    name = note.partition(":")[0].strip()
    return name if name.endswith(" author") else "first author"


def pair_of(example: Example, *, otherwise: str) -> Pair:
    """A pair that rules can read, with the example's text in its field and `otherwise` in the other."""
    texts = {"explanation": otherwise, "response": otherwise, example.field: example.text}
    return Pair.model_construct(None, id="example", **texts)


def read_ordinary(path: Path, *, besides: Iterable[Example]) -> list[Example]:
    """Texts that must pass: the explanations of a file of labelled pairs, and the responses with some merit in them.

    Hard situations touch the sensitive topics; where the lexicons find one, `also` names it. `besides` are examples that
    are not to come twice.
    """
    seen = {example.text for example in besides}
    examples: list[Example] = []
    for _, row in read_csv(path, ("explanation", "response")):
        levels = {row[name] for name in row if f"{name}_rationale" in row}  # of the rubric's dimensions
        for field in FIELDS:
            text = row[field].strip()
            if not text or text in seen or (field == "response" and levels == {"0"}):
                continue
            seen.add(text)
            touched = frozenset(topic for topic, find in FINDERS.items() if find(text_of(text), field))
            examples.append(Example(text, field, "", touched, author=ORDINARY))
    return examples
