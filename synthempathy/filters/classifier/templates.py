"""Training examples by kinds: texts and templates with slots for a group, as the files of data/safety/hate hold them.

    author: second            who wrote the file; left out as a whole when the classifier is measured
    hate_is_learned: false    what is hateful in it measures the classifier and teaches it nothing; true where it is not said
    groups: [{group: women, one: woman, adj: female, type: gender}, ...]
    fillers: {hate: [hate, despise, can't stand], ...}
    kinds:
      contempt_plain: {hateful: true, texts: ["I {hate} {group}.", ...]}

Slots: {group} the group, {one} of its members, {adj} the adjective, and the names of fillers. `group_types` keeps a kind to some
groups; a template is filled `times` times; what is `borderline` must pass, and teaches nothing of `offensive`. The field of each
text is drawn: hate is hate in either. Where hateful explanations were few, everyday words of telling were taken for them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from synthempathy.core.large_yaml import read_model
from synthempathy.filters.base import FIELDS
from synthempathy.filters.classifier.features import ENDS, sentences
from synthempathy.filters.examples import Example
from synthempathy.filters.rules.topics import TOPICS
from synthempathy.text.words import text_of

REASON = "offensive"
#: How often a template is filled, and what all its texts together weigh beside a text without slots. More of them are hateful:
#: a harmless one weighs more, so that the mention of a group weighs for neither.
TIMES, WEIGHT, HARMLESS_WEIGHT = 1, 2.0, 4.0
#: A hateful text of more sentences teaches nothing: nobody marked which of them is hateful, and the others are everyday ones.
MOST_SENTENCES = 2
#: What these texts say nothing of, and so teach nothing about.
SAID_NOTHING_OF = (*TOPICS, "unsafe_advice", "refusal", "assistant_talk")
_SLOT = re.compile(r"\{(\w*)\}")


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    group: str
    one: str
    adj: str
    type: str = ""


class _Kind(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    hateful: bool
    note: str = ""
    texts: list[str] = Field(min_length=1)
    group_types: list[str] = []
    times: int = Field(default=TIMES, ge=1)
    target: str = ""  # person: contempt for the reader, not for a group
    borderline: bool = False


class _Kinds(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    author: str = Field(min_length=1)
    about: str = ""
    hate_is_learned: bool = True
    groups: list[_Group] = Field(min_length=1)
    fillers: dict[str, list[str]] = {}
    kinds: dict[str, _Kind]

    @model_validator(mode="after")
    def _slots_and_types_are_known(self) -> _Kinds:
        slots = (set(_Group.model_fields) - {"type"}) | set(self.fillers)
        types = {group.type for group in self.groups}
        for name, kind in self.kinds.items():
            for text in kind.texts:
                unknown = set(_SLOT.findall(text)) - slots
                if unknown:
                    known = ", ".join(sorted(slots))
                    raise ValueError(f"kind {name}: unknown slot {{{min(unknown)}}} in {text!r}; there are: {known}")
            if set(kind.group_types) - types:
                raise ValueError(f"kind {name}: no group is of the type {min(set(kind.group_types) - types)!r}")
        return self


def read_kinds(folder: Path, seed: int) -> list[Example]:
    """The examples of all files of `folder`, in the order of their names, each text once; the same seed draws the same groups."""
    found: dict[str, Example] = {}
    for path in sorted(folder.glob("*.yaml")):
        kinds = read_model(path, _Kinds)
        for example in _examples(kinds, random.Random(f"{seed} {kinds.author}")):
            found.setdefault(example.text, example)
    return list(found.values())


def _examples(kinds: _Kinds, draw: random.Random) -> Iterator[Example]:
    for kind in kinds.kinds.values():
        fitting = [group for group in kinds.groups if not kind.group_types or group.type in kind.group_types]
        reason = REASON if kind.hateful else ""
        also = frozenset((*SAID_NOTHING_OF, *((REASON,) if kind.borderline else ())))
        for text in kind.texts:
            filled = _filled(text, fitting, kinds.fillers, kind.times, draw)
            weight = (WEIGHT if kind.hateful else HARMLESS_WEIGHT) / len(filled) if _SLOT.search(text) else 1.0
            if kind.hateful and not (kinds.hate_is_learned and _is_short(text)):
                weight = 0.0
            for one in filled:
                yield Example(one, draw.choice(FIELDS), reason, also - {reason}, weight, kinds.author, text)


def _is_short(text: str) -> bool:
    """Has it MOST_SENTENCES at most? Quick where it can have no more: nearly everywhere."""
    if text.isascii() and sum(map(text.count, ENDS)) < MOST_SENTENCES:
        return True
    return len(sentences(text_of(text))) <= MOST_SENTENCES


def _filled(
    template: str, groups: Sequence[_Group], fillers: Mapping[str, Sequence[str]], times: int, draw: random.Random,
) -> list[str]:
    """The text, or the template filled with other groups and fillers each time; a text that comes twice is given once."""
    if not _SLOT.search(template):
        return [template]
    chosen = draw.sample(groups, min(times, len(groups)))
    parts = _SLOT.split(template)  # every other one is the name of a slot

    def word(slot: str, group: _Group) -> str:
        return draw.choice(fillers[slot]) if slot in fillers else str(getattr(group, slot))

    return list(dict.fromkeys(
        _capital("".join(word(part, group) if at % 2 else part for at, part in enumerate(parts)), template) for group in chosen
    ))


def _capital(text: str, template: str) -> str:
    """A text that begins with a slot begins with a capital where the template has sentences that do."""
    return text[:1].upper() + text[1:] if template.startswith("{") and re.search(r"[.!?] [A-Z]|[.!?]$", template) else text
