"""What models say about the task around a text: openings, titles, labels, closings; and the same in its midst.

They say it in English, whatever the language of the text: English openings are cut before any. What stands further on (`TASK`,
`COMMENT`, closings) is looked for in English texts alone, for in others the same letters may be words: a French "fin".
"""

from __future__ import annotations

import re

from synthempathy.generation.markup import LIST_ITEM, RULE_LINE
from synthempathy.llm.answers import unwrapped

_KIND = (
    r"(?:story|stories|retelling|re-telling|rewrit(?:e|ing|ten)|version|explanation|account|narrative|narration"
    r"|tale|passage|paragraph"
    r"|response|reply|answer|message|draft|piece|text|monologue|perspective|scenario|vignette|output|note|take"
    r"|attempt|summary)"
)
_AGREES = (
    r"(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|alright|all right|no problem|gladly"
    r"|happy to(?: help)?|got it|great"
    r"|understood|with pleasure|yes|very well|you got it|thanks?(?: you)?(?: for [^.!\n]{0,60})?)"
)
#: An opening: agreement, then "here is ..." or "the story:", up to a colon or the end of its line.
_HERE = r"(?:here(?:'|’)?s?(?: is| are| you go| goes| it is)?|below is|the following is|presenting|as requested|following)"
#: These begin sentences of people too, so that their opening must be a line of its own.
_MAY_BE_TOLD = r"(?:this is|i(?:'|’)(?:ll|ve)|i (?:will|have|can)|let me|allow me|my)"
_UP_TO_KIND = rf"\b[^\n.!?]{{0,200}}?(?:\b{_KIND}\b|words?|person|request|below)[^\n:.!?]{{0,120}}"
_OPENING = re.compile(
    rf"\A[\s*_#>]*(?:{_AGREES}[\s,!.:;\-–—*]*)*"
    rf"(?:{_HERE}{_UP_TO_KIND}(?:[:：][*_]*[ \t]*|[.!]?[*_]*[ \t]*(?=\n))"
    rf"|{_MAY_BE_TOLD}{_UP_TO_KIND}[:：.!]?[*_]*[ \t]*(?=\n))",
    re.IGNORECASE,
)
_AGREEMENT_LINE = re.compile(rf"\A[\s*_#>]*(?:{_AGREES}[\s,!.:;\-–—*]*)+(?=\n|\Z)", re.IGNORECASE)
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
_BOLD_LINE = re.compile(r"\A[ \t]*(?:\*\*|__)(?P<title>[^*_\n]{1,80})(?:\*\*|__)[ \t]*[:：]?[ \t]*\n+")
_BARE_TITLE = re.compile(r"\A[\"“]?(?P<title>[A-Z\u00c0-\u00d6\u00d8-\u00de][^\n.!?…:;,]{1,60})[\"”]?[ \t]*\n[ \t]*\n+")
#: Closings, each a whole paragraph or line at the end.
_CLOSING = re.compile(
    r"\A[\s*_(\[>#~\-–—]*(?:"
    r"(?:total )?word ?count\b|total words?\b|\(?\[?(?:approx(?:imately|\.)?|about|around|roughly"
    r"|~)? ?\d{2,4} words\b|words? ?[:=] ?\d"
    r"|(?:please )?(?:let me know|feel free to (?:ask|adjust|let|reach out if you (?:have|need"
    r"|want) (?:any )?(?:changes|edits|questions about))"
    r"|don(?:'|’)t hesitate to (?:ask|let))\b"
    r"|(?:would you like|do you want|shall i|should i|want me to)\b[^?\n]{0,120}\b(?:me to|i (?:make|write|change"
    r"|adjust)|story|version|adjust"
    r"|another|rewrite|revise|tweak|expand|continue)"
    r"|i(?:'|’)?(?: ha)?(?:ve)? ?(?:hope|trust) (?:this|that|the|my|you (?:like|enjoy)|it)\b[^.!\n]{0,60}?(?:helps?"
    r"|meets|works|is what|suits|fits|captures|does the"
    r"|story|retelling|response|version|enjoy|like|useful|helpful|expect|looking for)[^\n]{0,60}\Z"
    r"|a (?:short |quick |brief )?note (?:on|about) (?:the|this|my) \w+"
    r"|(?:note|disclaimer|p\.?s\.? ?\(?(?:on|about)|nb|n\.b\.|author(?:'|’)s note|explanation of changes"
    r"|changes made|key (?:changes|points|elements)"
    r"|what i changed|instructions?|end of (?:story|retelling|response))\b[*_]*\s*[:：\-–—]"
    r"|(?:this|the|my) (?:above )?(?:story|retelling|response|reply|version|rewrite|narrative|account|passage"
    r"|explanation|answer|piece|draft)\b"
    r"[^\n]{0,40}\b(?:explores?|illustrates?|highlights?|demonstrates?|aims?|is (?:written|about|told|meant"
    r"|designed|intended|approximately|around|\d)|keeps?|captures?|uses?|follows?|shows?"
    r"|includes?|retains?|maintains?|preserves?|acknowledges?|focus(?:es)?|conveys?|reflects?|highlights?"
    r"|incorporates?|was written|validates?|has \d)"
    r"|i(?:'|’)?(?:ve| have)? ?(?:re-?worked|re-?written|re-?told|rewrote|retold|reworded|tried to (?:keep|stay"
    r"|capture|write)|kept (?:the|it|all)"
    r"|aimed|made sure|focused on|added|included|maintained|used the|changed|adapted|expanded|written|wrote)\b"
    r"|if you(?:'|’)?(?:d| would)? (?:like|want|need|prefer)\b[^\n]{0,80}\b(?:me|another|version|changes|adjust"
    r"|revise|longer|shorter|tone|edits?|more)\b"
    r"|(?:thank you|thanks) for (?:the|your|this) (?:prompt|request|opportunity)|end of story|the end\b|fin\b|end\b"
    r")", re.IGNORECASE,
)
#: Talk about the task that stands in the middle of a text.
TASK = re.compile(
    r"\bI(?:'|’)?(?:ve| have)? ?(?:re-?worked|re-?written|rewrote|reworded|re-?told|retold) (?:the|this|your)(?: \w+)?"
    r" (?:story|narrative|text|passage|paragraph|sentence|scenario|situation|response|reply|prompt|events)\b"
    r"|\bI(?:'|’)?(?:ve| have) (?:added|included|tried to|used|kept|changed|made|expanded|adapted|incorporated"
    r"|focused)\b[^.\n]{0,60}\b"
    r"(?:story|narrative|detail|dialogue|tone|version|retelling|sentence|imagery|language|engaging|relatable|text"
    r"|prompt|reader)"
    r"|\b(?:the|this|your|my) (?:original |provided |given |above |following |rewritten |revised )?"
    r"(?:prompt|retelling|rewrite|word (?:count|limit)|first[- ]person (?:account|narrative"
    r"|perspective|version|retelling))\b"
    r"|\b(?:original|provided|given|rewritten|revised|above) (?:story|text|situation|passage|sentence|narrative"
    r"|scenario)\b"
    r"|\bin (?:this|my) (?:version|retelling|rewrite|response)\b|\bas (?:you )?(?:requested|asked|instructed)\b[,.:]"
    r"|\b(?:story|text|passage|narrative) you(?:'|’)?(?:ve)? (?:provided|shared|gave|asked|requested)\b"
    r"|\b(?:in|from) (?:the )?first[- ]person (?:perspective|point of view|voice)\b|\bword ?count\s*[:=(]"
    r"|\(\d{2,3} words\)"
    r"|\bhere(?:'|’)?s? (?:is )?(?:a|the|your|my) (?:\S+ ){0,4}?(?:story|retelling|rewrite|rewritten|version"
    r"|response|reply|revision)\b(?!,)"
    r"|\b(?:let me know|feel free to ask) if (?:you(?:'|’)?d? (?:like|want|need|have)"
    r"|there)\b[^.\n]{0,60}\b(?:changes|adjust|another|revis|edit|version|tweak|else)"
    r"|\b(?:the|this) (?:story|narrative|text) (?:has been|was) (?:rewritten|retold|transformed|changed|told)\b"
    r"|\bI(?:'|’)?(?:ve| have)? ?transformed the (?:story|narrative|text)\b|\bthe main character (?:is"
    r"|was)\b[^.\n]{0,40}\bstill\b"
    r"|\bthis (?:story|narrative) (?:centers|centres|revolves|focuses|explores|follows)\b"
    r"|\bI chose an? [^.\n]{0,40}\bprotagonist\b"
    r"|\b(?:your|the (?:given|above|provided)|as per(?: the)?) instructions?\b"
    r"|\b(?:with|follow\w*) the instructions? to (?:re|write)"
    r"|\bthe task is to\b|\bto (?:retell|rewrite|write) (?:a|the|this) (?:story|response"
    r"|text)\b[^.\n]{0,80}\byou (?:should|can|need)\b"
    r"|\b(?:please|could you) (?:share|provide|send|give)[^.\n]{0,20} (?:the|your) (?:story|text|situation)\b"
    r"|\b(?:happy|glad) to help you (?:retell|rewrite|write)\b|\ba (?:good|great) (?:story|response) should\b"
    r"|\bi hope this (?:story|retelling|response|version|rewrite|captures|meets)\b", re.IGNORECASE,
)
#: A model that speaks of the text as a text, or leaves a form to be filled in.
COMMENT = re.compile(
    r"\bthe protagonist\b|\b(?:of|with|how|that|see) (?:the|your) main character\b|\bcreative writing assistant\b"
    r"|\bI(?:'|’)?(?:ve| have) woven\b|\bin an? [a-z]{3,20}[ht]ic (?:reply|response)\b"
    r"|\bthe (?:reply|response) should (?:be|aim|mention|include|convey|show)\b"
    r"|\bhere(?:'|’)?s?(?: is| are)? (?:some|a few|a possible|one possible|a suggested|an example of)"
    r" (?:edits|response|reply|revisions?|how (?:your|the|to)|rewrit\w+)\b"
    r"|\b(?:suggestions?|edits|changes|details) to (?:make|improve|enhance) (?:the|this|your) (?:story|text|narrative|message)\b"
    r"|\b(?:this|the) (?:narrative|passage|paragraph|excerpt|anecdote|vignette|text) (?:is|was|explores?|highlights?|touches"
    r"|illustrates?|demonstrates?|serves|showcases?|captures?|emphasi[sz]es)\b"
    r"|\bthis is (?:an?|the) (?:\w+ )?(?:example|illustration) of (?:an?|the) (?:character|story|narrative|person)\b"
    r"|\bthis (?:story|narrative) (?:touches|highlights|illustrates|serves|showcases|is (?:a|an|about))\b"
    r"|\bI (?:can|will|could) (?:provide|give|offer)(?: you)?(?: with)? an? (?:\w+ )?(?:summary|overview|description)\b"
    r"|\b(?:write|provide) an? (?:detailed|brief|short) (?:description|summary)\b|\bI might say something like:"
    r"|\bworking on a story about\b|\byour (?:response|reply|answer) (?:is|was|feels) (?:\w+ ){0,2}"
    r"(?:sincere|[a-z]{3,20}[ht]ic|kind|warm|supportive|thoughtful|heartfelt|compassionate|genuine|touching)\b"
    r"|\bthis is an? (?:great|fantastic|wonderful|beautiful|perfect|powerful|touching|inspiring|moving) (?:example|story|tale)\b"
    r"|\bthis is an? (?:\w+ (?:and \w+ )?)?(?:story|tale) (?:filled|about|of|that)\b"
    r"|\b(?:this|your|the) story has an? \w+ message\b"
    r"|\bit(?:'|’)s an? (?:beautiful|great|powerful|perfect|classic) example of how\b|\bgive you (?:a few|some) options\b"
    r"|\bhow to respond to your question\b|\bit also has an? \w+ message\b"
    r"|\bwhat do you think of my (?:response|story|answer|version)\b|\b[a-z]{3,20}pathe?tic tone\b"
    r"|\b(?:your|the|this) (?:story|text|message|prompt) is too (?:long|short)\b"
    r"|\b(?:trying|tried) to convey (?:the|a|your) (?:situation|feelings?|emotions?|sense|message)\b"
    r"|\b(?:in a way that makes?|to make|making) it (?:sound )?(?:more|less|easier) (?:relatable|engaging|personal|understandable"
    r"|scary|to understand|to read)\b|\bwould you like (?:me )?to continue (?:sharing|exploring|the|this|with)\b"
    r"|\[(?:your|my|the|a|friend(?:'|’)s|person(?:'|’)s|recipient(?:'|’)s|insert|user(?:'|’)s|first|last|full|company|city)"
    r"(?: \w+){0,3}\]|\[(?:name|date|place|location|city|company)\]", re.IGNORECASE,
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
            bold, bare = _BOLD_LINE.match(text), _BARE_TITLE.match(text)
            if bold:
                text = text[bold.end() :].strip()
            elif bare and _is_title(bare["title"]):
                text = text[bare.end() :].strip()
            else:
                return text
    return text


def _is_title(line: str) -> bool:
    """Whether a short line without a mark at its end, alone in its paragraph, is a title."""
    words = line.split()
    return len(words) <= 9 and not re.match(r"(?:Dear|Hi|Hey|Hello)\b", line)


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
