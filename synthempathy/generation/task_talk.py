"""What models say about the task around a text: openings, titles, labels, closings.

They say it in English, whatever the language of the text: English openings are cut before any. What stands further on (closings,
and what task_remarks.py finds in the midst) is looked for in English texts alone, for in others the same letters may be words: a
French "fin".
"""

from __future__ import annotations

import re

from synthempathy.generation.markup import LIST_ITEM, RULE_LINE
from synthempathy.generation.task_remarks import TASK
from synthempathy.llm.answers import unwrapped

_KIND = (
    r"(?:story|stories|retelling|re-telling|rewrit(?:e|ing|ten)|version|explanation|account|narrative|narration"
    r"|tale|passage|paragraph"
    r"|response|reply|answer|message|draft|piece|text|monologue|perspective|scenario|vignette|output|note|take"
    r"|attempt|summary)"
)
_AGREES = (
    r"(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|alright|all right|no problem|gladly"
    r"|happy to(?: help)?|got it|great|understood|with pleasure|yes|very well|you got it"
    r"|thank(?:s| you) for (?:providing|(?:the|this|your) (?:prompt|request|task|instructions?|input))[^.!\n]{0,40})"
)
#: An opening: agreement, then "here is ..." or "the story:", up to a colon or the end of its line.
_HERE = r"(?:here(?:(?:'|’)?s| is| are| you go| goes| it is)|below is|the following is|presenting|as requested|following)"
_UP_TO_KIND = rf"\b[^\n.!?]{{0,200}}?(?:\b{_KIND}\b|words?|person|request|below)[^\n:.!?]{{0,120}}"
#: These begin sentences of people too: "I have a story", "my dad left a message". So a colon must end their line, or they must
#: say that a text was written.
_MAY_BE_TOLD = r"(?:this is|i(?:'|’)(?:ll|ve)|i (?:will|have|can)|let me|allow me|my)"
_TEXT = r"(?:story|retelling|rewrite|version|narrative|explanation|passage|response|reply|monologue|vignette|scenario)"
_WRITTEN = (
    r"(?:(?:i(?:'|’)(?:ll|ve)|i (?:will|have|can)|let me|allow me to) (?:now |gladly |try to |do my best to ){0,2}"
    r"(?:writ\w+|re-?writ\w+|re-?tell|re-?told|re-?work\w*|craft(?:ed)?|composed?|transform(?:ed)?|revised?|provided?)\b"
    rf"[^\n.!?:]{{0,160}}?\b(?:{_TEXT}|prompt|first[- ]person)\b"
    rf"|this is (?:an?|the|my|your) [^\n.!?:]{{0,80}}?\b{_TEXT}\b[^\n.!?:]{{0,40}}?\b(?:first[- ]person"
    r"|(?:her|his|their|my) (?:point of view|perspective)|re-?written|re-?told|based on)"
    rf"|my (?:[a-z-]+ ){{0,2}}{_TEXT} (?:is as follows|is below|follows))[^\n.!?:]{{0,100}}"
)
_OPENING = re.compile(
    rf"\A[\s*_#>]*(?:{_AGREES}[\s,!.:;\-–—*]*)*(?:(?:so|now|well)[, ]+)?"
    rf"(?:{_HERE}{_UP_TO_KIND}(?:[:：][*_]*[ \t]*|[.!]?[*_]*[ \t]*(?=\n))"
    rf"|{_MAY_BE_TOLD}{_UP_TO_KIND}[:：][*_]*[ \t]*(?=\n)|{_WRITTEN}[.!]?[*_]*[ \t]*(?=\n))",
    re.IGNORECASE,
)
_AGREEMENT_LINE = re.compile(
    rf"\A[\s*_#>]*(?!(?:yes|ok|great|understood)[\s,!.]*(?:\n|\Z))(?:{_AGREES}[\s,!.:;\-–—*]*)+(?=\n|\Z)", re.IGNORECASE,
)
_LABELS = (
    r"(?:(?:the |my |a |your |short |revised |rewritten |final |first[- ]person |[a-z]{3,20}[ht]ic |here is the )*"
    r"(?:story|retelling|retold|explanation|account|narrative|version|response|reply|answer|output|title|rewrite"
    r"|rewritten story"
    r"|retold story|first[- ]person(?: (?:retelling|account|version|narrative))?|text|result|draft|perspective|final))"
)
_LABEL = re.compile(
    rf"\A[\s*_#>\-–\d.)\[(]{{0,8}}{_LABELS}(?:[ \t]*\([^)\n]{{0,40}}\))?[\s*_\])]{{0,4}}[:：][*_]{{0,3}}[ \t]*", re.IGNORECASE
)
_TITLE_LABEL = re.compile(r"\A[\s*_#>]*title[*_\s]*[:：][^\n]*\n+", re.IGNORECASE)
#: A title: a short first line that is a heading, bold, quoted, or has no mark at its end.
_HEADING_LINE = re.compile(r"\A[ \t]{0,3}#{1,6}[ \t]+[^\n]{1,90}\n+")
_BOLD_LINE = re.compile(r"\A[ \t]*(?:\*\*|__)(?P<title>[^*_\n]{0,79}[^*_\n.!?…])(?:\*\*|__)[ \t]*[:：]?[ \t]*\n+")
_BARE_TITLE = re.compile(r"\A[\"“]?(?P<title>[A-Z\u00c0-\u00d6\u00d8-\u00de][^\n.!?…:;,]{1,60})[\"”]?[ \t]*\n[ \t]*\n+")
#: What a closing is about, where its first words may be anybody's: "let me know", "if you want", "I kept".
_OF_THE_TEXT = (
    r"(?:changes|edits?|edited|adjust\w*|revis\w+|re-?writ\w+|rewrote|tweak\w*|modif\w+|(?:another|a different"
    r"|a longer|a shorter) (?:version"
    r"|story|take|draft|response|reply|one|tone)|(?:longer|shorter) version|requirements|the tone|(?:other|more"
    r"|further) questions"
    r"|further assistance|anything else|something else|(?:the|this|your) (?:retelling|prompt)|this (?:story|response|version))"
)
_OF_THE_WRITING = (
    r"(?:(?:the|this|your|a) (?:\w+ )?(?:retelling|rewrite|narrative|story|prompt|response|reply)|(?:this|the) version|the tone"
    r"|(?:first|third)[- ]person|point of view|pronouns?|the tense|word (?:count|limit)|\d+ words"
    r"|original (?:text|sentence|events|meaning|details)|as (?:you )?(?:asked|requested|instructed))"
)
#: Closings, each a whole paragraph or line at the end. A last paragraph may begin with any of these first words and be told by a
#: person ("I wrote a letter", "The end of the year", "If you want, tell me more"): so each must say that it is about the text.
_CLOSING = re.compile(
    r"\A[\s*_(\[>#~\-–—]*(?:"
    r"(?:total )?word ?count\b|total words?\b|\(?\[?(?:approx(?:imately|\.)?|about|around|roughly"
    r"|~)? ?\d{2,4} words\b|words? ?[:=] ?\d"
    rf"|(?:please )?(?:let me know|feel free to|don(?:'|’)t hesitate to)\b[^\n]{{0,120}}?\b{_OF_THE_TEXT}\b"
    r"|(?:would you like|do you want|shall i|should i|want me to)\b[^?\n]{0,120}?\b(?:(?:me to|i) (?:make"
    r"|re-?write|change|adjust|revise"
    r"|tweak|expand|shorten|continue)\b|me to[:\s]*\Z|another (?:story|version)|(?:longer|shorter|different) (?:version|tone))"
    rf"|i(?:'|’)?(?: ha)?(?:ve)? ?(?:hope|trust) (?:(?:this|that|it|(?:the|my"
    rf"|this) {_TEXT}) (?:helps?(?: you)?[^\w\n]*(?:\Z|(?:please|let me know|feel free|if you (?:need|have|want))\b)"
    r"|(?:meets|suits|captures|is what you|fits (?:your|the)|does the|(?:was|is) (?:useful|helpful))\b[^\n]{0,60}\Z)"
    rf"|(?:this|the|my) {_TEXT}\b[^\n]{{0,80}}\Z|you (?:like|enjoy(?:ed)?) (?:it|this|the|my)\b[^\n]{{0,60}}\Z)"
    r"|a (?:short |quick |brief )?note (?:on|about) (?:the|this|my) \w+"
    r"|(?:note|disclaimer|p\.?s\.? ?\(?(?:on|about)|nb|n\.b\.|author(?:'|’)s note|explanation of changes"
    r"|changes made|key (?:changes|points|elements)|what i changed|instructions?)\b[*_]*\s*[:：\-–—]"
    rf"|(?:this (?:{_TEXT}|answer|piece|draft)|the (?:above |rewritten |revised )?(?:story|retelling|rewrite|version|narrative"
    r"|passage|explanation|response)|my (?:retelling|version|rewrite|response))\b"
    r"[^\n]{0,40}\b(?:explores?|illustrates?|highlights?|demonstrates?|aims?|is (?:written|about|told|meant"
    r"|designed|intended|approximately|around|\d)|keeps? (?:the|its|all)|captures?|uses?|follows?|shows?"
    r"|includes?|retains?|maintains?|preserves?|acknowledges?|focus(?:es)?|conveys?|reflects?"
    r"|incorporates?|was written|validates?|has \d)"
    r"|i(?:'|’)?(?:ve| have)? ?(?:re-?worked|re-?written|re-?told|rewrote|retold|reworded|tried to (?:keep|stay"
    r"|capture|write)|kept|aimed|made sure|focused on|added|included|maintained|used|changed|adapted|expanded|written|wrote)\b"
    rf"[^\n]{{0,160}}?\b{_OF_THE_WRITING}\b"
    rf"|if you(?:'|’)?(?:d| would)? (?:like|want|need|prefer)\b[^\n]{{0,80}}?\b(?:{_OF_THE_TEXT}|me to (?:make"
    rf"|change|expand|shorten))\b"
    r"|(?:thank you|thanks) for (?:the|your|this) (?:prompt|request|opportunity)"
    r"|(?:(?:the )?end|fin)(?: of (?:the )?(?:story|retelling|response|reply|text))?[.!]?[\s*_)\]\-–—]*\Z"
    r")", re.IGNORECASE,
)
#: An opening in a script that is not the text's, on a line of its own: that of a model which thinks in it.
_UNREAD_OPENING = re.compile(r"\A[^\nA-Za-z]{2,80}[:：][ \t]*\n+(?=[^\n]*[A-Za-z])")
#: An opening in another language.
_FOREIGN_OPENING = re.compile(
    r"\A(?:voici|aquí (?:tienes|está)|hier ist|ecco|aqui (?:está|vai))\b[^\n:]{0,120}[:：][ \t]*\n+", re.IGNORECASE,
)
#: In brackets, or after "word count": a sentence may well end with "120 words".
_INLINE_COUNT = re.compile(
    r"(?<![ \t])[ \t]*+(?:[\[(]\*{0,2}(?:total )?(?:word ?count[:=]? ?)?(?:approx\.? |about |~)?\d{2,4}(?: words)?\*{0,2}[\])]"
    r"|[\[(]?\*{0,2}(?:total )?word ?count\*{0,2}[:=]? ?\*{0,2}\d{2,4}(?: words)?\*{0,2}[\])]?)\.?\Z", re.IGNORECASE
)
_MOST_CLOSING_LINES = 12
_MOST_CLOSINGS = 12  # one after the other; a text that ends in more is no text


def without_openings(text: str, *, english: bool = True) -> str:
    """Without openings, titles and labels before the text."""
    foreign = (_UNREAD_OPENING, _FOREIGN_OPENING) if english else (_FOREIGN_OPENING,)
    for _ in range(6):
        text = unwrapped(text)
        text = re.sub(r"\A(?:[ \t]*(?:[-*_=~][ \t]*){3,}\n+)+", "", text).strip()
        for pattern in (*foreign, _OPENING, _TITLE_LABEL, _HEADING_LINE, _LABEL, _AGREEMENT_LINE):
            cut = pattern.match(text)
            if cut and cut.end() and text[cut.end() :].strip():
                text = text[cut.end() :].strip()
                break
        else:
            title = _BOLD_LINE.match(text) or _BARE_TITLE.match(text)
            if title and (title.re is _BOLD_LINE or _is_title(title["title"])):
                text = text[title.end() :].strip()
            else:
                return text
    return text


def _is_title(line: str) -> bool:
    """Whether a short line without a mark at its end, alone in its paragraph, is written as titles are: "The Last Bus"."""
    words = re.findall(r"[^\W\d_][\w'’]*", line)
    if not 2 <= len(words) <= 9 or line.isupper() or _SAID.search(line):
        return False
    long = [word for word in words[1:] if len(word) > 3]  # short ones are mostly small: "of", "and"
    return all(word[0].isupper() for word in (words[0], *long)) and any(word[0].isupper() for word in words[1:])


#: Words of a sentence, which a title seldom holds: "I Said No" may be one, and is then left in the text.
_SAID = re.compile(r"\b(?:I|Dear|Hi|Hey|Hello)\b")


def without_closings(text: str, *, english: bool = True) -> str:
    """Without the paragraphs and lines of talk about the task at the end; outside English, without a remark under a rule."""
    text = text.strip()
    for _ in range(_MOST_CLOSINGS):
        shorter = _without_closing(text, english).strip()
        if shorter == text:
            break
        text = shorter
    return text


def _without_closing(text: str, english: bool) -> str:
    """Without the last closing; the same text where there is none."""
    lines = text.splitlines()
    said = [at for at, line in enumerate(lines) if line.strip()]
    for first in range(len(said) - 1, max(0, len(said) - _MOST_CLOSING_LINES - 2), -1):
        tail = [lines[at] for at in said[first:]]
        if RULE_LINE.fullmatch(tail[0]) and (len(tail) == 1 or _remark(tail[1:])):
            return "\n".join(lines[: said[first]])
        if english and _CLOSING.match(tail[0]) and all(
            LIST_ITEM.match(line) or _CLOSING.match(line) or RULE_LINE.fullmatch(line) for line in tail[1:]
        ):
            return "\n".join(lines[: said[first]])
    inline = _INLINE_COUNT.search(text) if english else None
    return text[: inline.start()] if inline and inline.start() > 0 else text


def _remark(lines: list[str]) -> bool:
    """Whether what stands under a rule is a remark about the text: short, and in brackets or talking of the task."""
    whole = " ".join(lines).strip()
    bracketed = whole.strip("*_ ")[:1] in ("(", "[")
    return len(whole.split()) <= 80 and bool(bracketed or _CLOSING.match(lines[0]) or TASK.search(whole))
