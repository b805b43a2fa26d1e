"""Long texts that make a careless pattern or rule slow: runs of what patterns begin with, and openings that nothing closes."""

from __future__ import annotations

from string import ascii_lowercase as abc

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
    # Letters that stand alone, whatever parts them, and in runs that say nothing though they hold a word.
    "letters and commas": "h,k,", "letters and two spaces": "h  k  ", "letters and hyphens": "h-k-",
    "words of a letter": "i,a,h,", "letters of a word": "h.a,t,e,", "a word, then letters": "h,a,t,e," + "i," * 110 + "the ",
    "letters, then a word": "i," * 110 + "h,a,t,e, the ",
    "quoted lines": "> a\n", "bare quoted lines": ">a\n", "doses": "10 mg ", "ligatures": "\ufdfa",
    "handles": "@abc", "users": "/u/abc", "addresses in a row": "a_b@a.bc", "starred words": "id*ot ",
    # Each another one, so that nothing that was learned of one serves for the next.
    "many starred words": "".join(f"{abc[n % 26]}*{abc[n // 26 % 26]}{abc[n // 676]}e " for n in range(5_000)),
    "many slips": "".join(f"wo{abc[n % 26]}{abc[n // 26 % 26]}{abc[n // 676]}men " for n in range(5_000)),
}


def text_of_size(piece: str, size: int, again: bool = False) -> str:
    """`piece` again and again, `size` characters of it, on a line of its own between sentences, so that nothing strips it.

    Of a piece that is longer each size has a part of its own, and another one `again`: nothing is known of one from the others.
    """
    part = piece * (size // len(piece)) or piece[3 * size if again else size :][:size]
    return f"I missed it, and ran.\n{part}end of it{'!' if again else '.'}"


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
    # What the filter looks for: a number that counts before what may be one, and hits of which one lays bare the next.
    **{f"a number, then {piece}": (f"call {number} ", piece, "x") for number in ("1234567", "212 736 5000") for piece in (
        "(((", "(1)~", "[1] ", "1x1x", "1~", "+7 95 ", "+1 ", "ext 12 ", "call 12 ", "call 123~456~7890 ", "2012-01-02 08 ",
        "@abc",
    )},
    "address": ("a@", "a.", "!"), "spelled address": ("ab at cd dot", " ", "x"), "address, no host": ("", "a.b+", "@"),
    "link": ("www.", "a-", " "), "host": ("", "a-", ".comb"), "path": ("a.bc/", "~", " "), "handle": ("@", "a.", "@"),
    "named handle": ("discord is ", "a.", " "), "named by signs": ("discord", " _", "a1"), "card": ("4111", "-1", "1-"),
    "spelled number": ("one ", "two, ", "x"), "invoice": ("invoice", " is", "x"), "single quotes": ("'a", "b'c", "\n"),
    "double quotes": ('"', "a\n", '"'), "quoted line": ("> ", "a", "\n"), "quoted, no end": ("", " \t", ">"),
    "starred letters": ("a", "*", "b"), "stretched": ("f", "u", "*"), "apostrophes": ("don", "'t", "'"),
}


def opened_text_of_size(name: str, size: int, again: bool = False) -> str:
    """The text of OPENED, `size` characters of its run; `again` somewhat more."""
    opening, piece, ending = OPENED[name]
    return f"{opening}{piece * (size // len(piece) + again)}{ending}"
