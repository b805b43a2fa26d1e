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
