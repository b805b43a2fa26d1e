"""Markdown in prose: emphasis is taken off; lists, headings, tables and code are found, or made sentences of."""

from __future__ import annotations

import re
import unicodedata

RULE_LINE = re.compile(r"^[ \t]*(?:[-*_=~][ \t]*){3,}$", re.MULTILINE)
LIST_ITEM = re.compile(r"^[ \t]*(?:[-*•●▪◦–+✅✔️👉➡️🔹🔸⭐🌱💡🌟]+\s|\(?\d{1,2}[.)]\s|\(?[a-h]\)\s|[0-9]️⃣)", re.MULTILINE)
_ORDINAL = re.compile(r"\d{1,2}\.\s")
_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+\S|^[ \t]*(?:\*\*|__)[^*_\n]{1,60}?[:：]?(?:\*\*|__)[:：]?[ \t]*$", re.MULTILINE)
_TABLE = re.compile(r"^[ \t]*\|.*\|[ \t]*$", re.MULTILINE)
_FENCE = re.compile(r"^```", re.MULTILINE)
_EMPHASIS = (
    (re.compile(r"(?<![\w*])\*{1,3}(?=\S)([^*\n]+?)(?<=\S)\*{1,3}(?![\w*])"), r"\1"),
    (re.compile(r"(?<!\w)_{1,3}(?=\S)([^_\n]+?)(?<=\S)_{1,3}(?!\w)"), r"\1"),
    (re.compile(r"`([^`\n]+)`"), r"\1"),
)


def marked_up(text: str, *, ordinals: bool = False) -> bool:
    """Whether the text holds a list, a heading, a table or code; with `ordinals`, one line that begins with "3." is no list."""
    found = _HEADING.search(text) or _TABLE.search(text) or _FENCE.search(text)
    return bool(found) or _pictured(text) or _listed(text, ordinals)


def _listed(text: str, ordinals: bool) -> bool:
    if not ordinals:
        return bool(LIST_ITEM.search(text))
    items = [item[0] for item in LIST_ITEM.finditer(text)]
    return len(items) > 1 or any(not _ORDINAL.fullmatch(item.lstrip()) for item in items)


def _pictured(text: str) -> bool:
    """Whether lines follow one another that each begin with a picture: a list with emoji for bullets."""
    marks = [line.strip()[:1] for line in text.splitlines() if line.strip()]
    return any(all(unicodedata.category(mark) == "So" for mark in pair) for pair in zip(marks, marks[1:], strict=False))


def flattened(text: str) -> str:
    """Lists and headings as prose: each item a sentence of a paragraph, headings gone."""
    paragraphs: list[str] = []
    for block in re.split(r"\n[ \t]*\n", text):
        pictured = _pictured(block)
        sentences: list[str] = []
        for line in block.splitlines():
            if _HEADING.match(line) or RULE_LINE.fullmatch(line) or _FENCE.match(line) or not line.strip():
                continue
            item = LIST_ITEM.match(line)
            words = without_emphasis(line[item.end() :] if item else line).strip()
            if pictured and unicodedata.category(words[0]) == "So":
                words = words[1:].lstrip("\ufe0f ").strip()
            sentences.append(words if not words[-1:].isalnum() else f"{words}.")
        if sentences:
            paragraphs.append(" ".join(sentences))
    return "\n\n".join(paragraphs)


def without_emphasis(text: str) -> str:
    for pattern, kept in _EMPHASIS:
        text = pattern.sub(kept, text)
    return text


def tidy(text: str) -> str:
    """Lines without white space around them, and one blank line between paragraphs."""
    text = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return re.sub(r"\n{2,}", "\n\n", text)
