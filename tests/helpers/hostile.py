"""Long texts that make a careless pattern or rule slow: runs of what patterns begin with, and openings that nothing closes."""

from __future__ import annotations

#: What is said over and over: each is the beginning of something that some pattern looks for, or what lies between.
PIECES: dict[str, str] = {
    "line feeds": "\n", "spaces": " ", "tabs": "\t", "blank lines": " \n", "one letter": "a", "capitals": "A", "digits": "7",
    "dots": ".", "commas": ", ", "ellipses": ". . ", "hyphens": "-", "dashes": "— ", "underscores": "_", "stars": "*",
    "hashes": "#", "backticks": "`", "quotes": '"', "curly quotes": "“", "apostrophes": "'", "brackets": "[", "parentheses": "(",
    "braces": "{", "pairs": '{"a":', "angles": "<", "bars": "<|", "tags": "<think>", "closing tags": "</think>",
    "spaced tags": "< think >", "channels": "<|channel|>final", "turns": "<|im_start|>", "ends": "<|im_end|> ",
    "labels": "Response: ", "label lines": "Response:\n", "bold": "**a ", "user": "user:\n", "lists": "- a\n", "numbers": "1. ",
    "rules": "---\n", "tables": "|a", "addresses": "a@", "dotted words": "a.b", "domains": "www.", "hosts": "a-", "paths": "a/",
    "links": "https://", "dials": "call 555-", "telephones": "(555) 555-01 ", "spelled": "one two ", "dates": "1/1/20 ",
    "cards": "4111 ", "order": "order number ", "named": "discord is a ", "names": "Anna ",
    "you": "you ", "when you": "when you sat ",
    "quoted": '"you said ', "your words": "your own ", "here is": "here is a ", "sure": "sure, ", "i need": "i need to ",
    "okay": "okay so ", "let me": "let me ", "word counts": "(120 words) ", "story": "the story ", "i": "I ", "my": "my ",
    "emoji": "🌟\n", "combining": "é", "fullwidth": "：", "letters apart": "a b ", "disguise": "a$*", "stretched": "aaab",
    "kill": "kill myself ", "percent": "%", "escapes": "\\", "slashes": "/", "dollars": "$ ", "arrows": "->", "notes": "Note: ",
    "reasoning": "Reasoning: ", "titles": "Title\n\n", "fences": "```\n", "emphasis": "_a ", "closings": "I hope this ",
}


def text_of_size(piece: str, size: int) -> str:
    """`piece` again and again, `size` characters of it, on a line of its own between sentences, so that nothing strips it."""
    return f"I missed it, and ran.\n{piece * (size // len(piece))}end of it."


#: Openings that a reader takes up at the first character, a long run of what it passes over, and an end that is not the one it
#: looks for.
OPENED: dict[str, tuple[str, str, str]] = {
    "turn": ("I missed it.\n## user", " ", "x"), "tag": ("<story>x", " ", "y"), "unclosed tag": ("<story>", "a <", ""),
    "fence": ("```\n", " ", "x```"), "json fence": ("```", "\n", "x"), "lines in a fence": ("```json\n", "a\n", "```"),
    "channel": ("<|channel|>", "a", ""), "channels": ("<|channel|>final", " ", "<|message|"),
    "bare channel": ("analysis", "A", ""), "thought": ("<think>", "assistant ", "final"), "notes": ("", "<notes>", ""),
    "notes, no reply": ("<notes>", "< response ", ">"), "inline label": ("Notes.\n**response", " ", "x"),
    "bold label": ("Notes. **", " ", "reply"), "label": ("Reasoning", " ", "x"), "bracketed label": ("Response (", "a ", "x"),
    "unsafe": ("unsafe", "\n", "x"), "codes": ("unsafe\nS1", " ,", "S"), "score": ("<think>", "</think> ", "<score>"),
    "score, no end": ("<score>yes", " ", "x"), "quotation": (">", " \n>", "a\nb"), "json": ('{"reason": "', "\\n", '"'),
    "json levels": ("{", '"a": 0, ', "}"), "title": ("Title", " ", "\n\nx"), "bold title": ("**T", " ", "**\n\nx"),
    "opening": ("Sure, ", "sure, ", "here is"), "here": ("Here is ", "the ", "."),
    "closing": ("It rained.\n\nLet me know", " a", ""), "wish": ("It rained.\n\nI hope this", " this", ""),
    "end": ("x\n\nThe end", " ", "y"), "rule": ("x\n\n---", "\n---", "\n(a"), "exceeds": ("", "exceed", ""),
    "model": ("", "model ", "not"), "filter": ("content", "_", "x"),
}


def opened_text_of_size(name: str, size: int) -> str:
    """The text of OPENED, `size` characters of its run."""
    opening, piece, ending = OPENED[name]
    return f"{opening}{piece * (size // len(piece))}{ending}"
