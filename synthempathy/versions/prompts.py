"""What became of the prompts between two versions: those that stages used (dvc.lock says which), and all others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from synthempathy.pages.texts import MOST_CHARACTERS, Piece, left_out, piece
from synthempathy.versions.version import Version
from synthempathy.versions.words import side_by_side

PROMPTS, ENDING = Path("prompts"), ".jinja"
CONTEXT = 3  # lines around a change


@dataclass(frozen=True)
class Line:
    """A line of a unified diff: "same", "del", "ins" or "gap" (lines that did not change are left out), and its words."""

    kind: str
    words: list[Piece]


@dataclass(frozen=True)
class PromptChange:
    """A prompt in A and B. `stages` used it; none for one that lies there unused. A path is None where there is none."""

    stages: tuple[str, ...]
    first: Path | None
    second: Path | None
    lines: list[Line]


def prompt_changes(a: Version, b: Version) -> list[PromptChange]:
    """All prompts that are not the same, those in use first."""
    used: dict[tuple[Path | None, Path | None], list[str]] = {}
    before, after = _used(a), _used(b)
    for stage in dict.fromkeys([*before, *after]):
        # a stage that one of them does not have yet would have read the same file there
        used.setdefault((before.get(stage, after.get(stage)), after.get(stage, before.get(stage))), []).append(stage)
    seen = {path for pair in used for path in pair}
    for path in sorted({*a.files(PROMPTS, ENDING), *b.files(PROMPTS, ENDING)} - seen):
        used[path, path] = []
    found = []
    for (first, second), stages in used.items():
        old, new = (v.text(path) if path else None for v, path in ((a, first), (b, second)))
        if old != new:
            lines = unified(old or "", new or "")
            there = (first if old is not None else None, second if new is not None else None)
            found.append(PromptChange(tuple(stages), *there, lines))
    return found


def edited_since(version: Version) -> list[Path]:
    """Prompts in use that are not those of its dvc.lock any more: its scores are of the prompts before."""
    locked = {Path(path): digest for _, path, digest in version.entries("deps") if _is_prompt(path)}
    return [
        path for path, digest in locked.items()
        if (text := version.text(path)) is not None and hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() != digest
    ]


def unified(first: str, second: str) -> list[Line]:
    """A unified diff with the changed words of changed lines marked; of long prompts the first part."""
    old, new = first[:MOST_CHARACTERS].splitlines(), second[:MOST_CHARACTERS].splitlines()
    lines: list[Line] = []
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT):
        if group[0][1] > 0 or lines:
            lines.append(Line("gap", [Piece("note", f"from line {group[0][1] + 1} of A, {group[0][3] + 1} of B")]))
        for what, a, b, c, d in group:
            if what == "equal":
                lines += (Line("same", [piece("", line)]) for line in old[a:b])
                continue
            left, right = side_by_side("\n".join(old[a:b]), "\n".join(new[c:d]))
            lines += (Line("del", words) for words in (_lines(left) if a < b else []))
            lines += (Line("ins", words) for words in (_lines(right) if c < d else []))
    for kind, text in (("del", first), ("ins", second)):
        if len(text) > MOST_CHARACTERS:
            lines.append(Line(kind, [left_out(len(text) - MOST_CHARACTERS)]))
    return lines


def _used(version: Version) -> dict[str, Path]:
    """The prompt of each stage that depends on one."""
    return {stage: Path(path) for stage, path, _ in version.entries("deps") if _is_prompt(path)}


def _is_prompt(path: str) -> bool:
    return path.startswith(f"{PROMPTS}/") and path.endswith(ENDING)


def _lines(pieces: list[Piece]) -> list[list[Piece]]:
    """Pieces cut at line feeds."""
    lines: list[list[Piece]] = [[]]
    for one in pieces:
        for place, text in enumerate(one.text.split("\n")):
            if place:
                lines.append([])
            if text:
                lines[-1].append(Piece(one.kind, text))
    return lines
