"""What the writer draws from: situations written by hand, generic scenes, surface forms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

HERE = Path(__file__).parent
#: SAD's nine, as in its domain: the demonstration model was taught no other domain.
CATEGORIES = (
    "Work", "School", "Financial Problem", "Family Issues", "Social Relationships", "Emotional Turmoil",
    "Health, Fatigue, or Physical Pain", "Everyday Decision Making", "Other",
)
#: Situations of each category that are kept out of training, to measure on.
HELD_OUT_PER_CATEGORY = 3

#: The person in four voices. All text is in the past tense, so no other word changes.
VOICES: dict[str, dict[str, str]] = {
    "I": {"S": "I", "O": "me", "P": "my", "R": "myself", "was": "was"},
    "you": {"S": "you", "O": "you", "P": "your", "R": "yourself", "was": "were"},
    "she": {"S": "she", "O": "her", "P": "her", "R": "herself", "was": "was"},
    "he": {"S": "he", "O": "him", "P": "his", "R": "himself", "was": "was"},
    "they": {"S": "they", "O": "them", "P": "their", "R": "themselves", "was": "were"},
}

_SLOT = re.compile(r"\{(\w+)\}")


def voiced(text: str, voice: str) -> str:
    """`text` with {S} {O} {P} {R} {was} filled for `voice`."""
    forms = VOICES[voice]
    return _SLOT.sub(lambda m: forms.get(m[1], m[0]), text)


@dataclass(frozen=True)
class Situation:
    """One problem of one category, or (without `core`) what would fit any of them."""

    category: str
    seeds: tuple[str, ...]
    core: str | None
    details: tuple[str, ...]
    thoughts: tuple[tuple[str, str], ...]
    feelings: tuple[str, ...]
    consequences: tuple[str, ...]
    wants: tuple[str, ...]
    strengths: tuple[str, ...]
    advice: tuple[str, ...]
    questions: tuple[str, ...]

    @classmethod
    def read(cls, category: str, row: dict[str, Any]) -> Situation:
        return cls(
            category=category, seeds=tuple(row.get("seeds", ())), core=row.get("core"),
            details=tuple(row["details"]), feelings=tuple(row["feelings"]),
            thoughts=tuple((t["text"], t["error"]) for t in row["thoughts"]),
            consequences=tuple(row["consequences"]), wants=tuple(row["wants"]), strengths=tuple(row["strengths"]),
            advice=tuple(row["advice"]), questions=tuple(row["questions"]),
        )


def slug(category: str) -> str:
    """'Health, Fatigue, or Physical Pain' -> 'health_fatigue_or_physical_pain'."""
    return re.sub(r"\W+", "_", category.lower()).strip("_")


class Material:
    """All situations and forms, read once."""

    def __init__(self) -> None:
        load = YAML(typ="safe").load
        self.frames: dict[str, dict[str, Any]] = load((HERE / "frames.yaml").read_text())
        self.known: list[Situation] = []
        self.held_out: list[Situation] = []
        for category in CATEGORIES:
            rows = load((HERE / "situations" / f"{slug(category)}.yaml").read_text())
            situations = [Situation.read(category, row) for row in rows]
            self.known += situations[:-HELD_OUT_PER_CATEGORY]
            self.held_out += situations[-HELD_OUT_PER_CATEGORY:]
        generic = load((HERE / "situations" / "generic.yaml").read_text())
        self.generic = {c: Situation.read(c, generic[c]) for c in CATEGORIES}
        self.any = Situation.read("any", generic["any"])

    @cached_property
    def sentences(self) -> dict[str, list[str]]:
        """First-person sentences of each category that are no situation's seed: unseen-like words to carry over."""
        found: dict[str, list[str]] = {c: [] for c in CATEGORIES}
        for s in self.known:
            clauses = [*s.details, *s.consequences, *([s.core] if s.core else [])]
            found[s.category] += [capitalised(voiced(c, "I")) for c in clauses]
            found[s.category] += [capitalised(text) for text, _ in s.thoughts]
        return found

    @cached_property
    def content_words(self) -> list[str]:
        """Words of five letters or more that occur anywhere in the material, sorted."""
        text = " ".join(w for s in self.known for w in (*s.seeds, *s.details, *s.consequences, *s.advice))
        return sorted({w.lower() for w in re.findall(r"(?<!\{)\b[A-Za-z]{5,}\b", text)})


def capitalised(text: str) -> str:
    """`text` with its first letter as a capital."""
    return text[:1].upper() + text[1:]
