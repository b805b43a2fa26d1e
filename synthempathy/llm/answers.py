"""The normal form of an answer: what a model wrote, without its thoughts, its control tokens and its wrapping.

Every answer takes this form before anything reads it, whatever the backend: thoughts between tags or in channels of their
own are set apart, tokens that end a turn go, and a code fence, a JSON object or quotation marks around the whole are taken
off. What is left is text; what it should hold (a story, labelled notes, levels) is the business of whoever asked.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

#: Why an answer has no text that could be read: it must be asked again.
ONLY_THOUGHT, CHAT_MARKUP, TOO_LONG = "only_thought", "chat_markup", "too_long"
#: A longer answer is not read: no step asks for so much, and a server may send anything.
MOST_CHARACTERS = 100_000
_MOST_WRAPPINGS = 8  # one inside the other, of fences, tags and quotation marks


@dataclass(frozen=True)
class PlainAnswer:
    """An answer in its normal form. `problem` says why `text` cannot be used, or is None."""

    text: str
    thoughts: str = ""
    problem: str | None = None


#: Names of the tags that families put around their thoughts.
_NAMES = r"(?:seed:)?(?:think(?:ing)?|thoughts?|reasoning|reflection|analysis|inner_monologue|scratchpad)"
_OPEN = re.compile(
    rf"<\s*{_NAMES}\s*>|\[{_NAMES}\]|◁\s*think\s*▷|<\|\s*(?:begin_of_thought|start_of_thought|thinking"
    rf"|think)\s*\|>|<\|START_THINKING\|>", re.IGNORECASE
)
_CLOSE = re.compile(
    rf"<\s*/\s*{_NAMES}\s*>|\[/{_NAMES}\]|◁\s*/\s*think\s*▷|<\|\s*(?:end_of_thought|/thinking"
    rf"|/think)\s*\|>|<\|END_THINKING\|>", re.IGNORECASE
)
_NOTES_TAG = re.compile(r"<\s*+(?:reasoning|notes?|analysis)\s*+>", re.IGNORECASE)
_REPLY_TAG = re.compile(r"<\s*+(?:response|reply)\s*+>", re.IGNORECASE)
_SOLUTION = re.compile(
    r"<\|\s*(?:begin|end)_of_solution\s*\|>|</?\s*(?:answer|output|final_answer|final|solution)\s*>", re.IGNORECASE
)
#: gpt-oss (harmony): <|channel|>NAME<|message|>TEXT, up to the next of these tokens; with its tokens dropped, NAME and text run
#: into one another.
_CHANNEL = re.compile(r"<\|channel\|>\s*+(\w++)[^<]*+<\|message\|>(.*?)(?=<\|(?:end|return|call|start|channel)\|>|\Z)", re.DOTALL)
_BARE_CHANNELS = re.compile(
    r"\A\s*+(?:assistant\s*+)?(?:analysis|commentary)(?=[A-Z\s\"“'])(.*?)assistant\s*+final(?=\S|\s)(.*)", re.DOTALL
)
#: The first of these channels and no other: the model was cut before it answered.
_BARE_THOUGHT = re.compile(r"\A\s*+(?:assistant\s*+)?(?:analysis|commentary)(?=[A-Z][a-z])")
#: What ends a turn, or the text, in the families' templates.
_END = (
    r"<\|(?:im_end|eot_id|eom_id|end|endoftext|end_of_text|end_of_turn|return|eos|EOT)\|>|<(?:end_of_turn|eos|/s"
    r"|EOT)>|</s>"
    r"|<｜end▁of▁sentence｜>|\[/INST\]|<\|end▁of▁sentence\|>|<\|END_(?:RESPONSE|OF_TURN_TOKEN)\|>"
)
_LAST_END = re.compile(rf"(?:{_END})\Z")
_LONGEST_END = 40  # characters
_HEAD = re.compile(
    r"\A\s*(?:(?:<s>|<bos>|<\|begin_of_text\|>|<｜begin▁of▁sentence｜>)\s*)*"
    r"(?:<\|(?:im_start|start|start_header_id)\|>\s*assistant\s*(?:<\|end_header_id\|>)?|<start_of_turn>\s*model"
    r"|<\|assistant\|>"
    r"|<｜Assistant｜>|(?:<\|START_OF_TURN_TOKEN\|>\s*<\|CHATBOT_TOKEN\|>\s*)?<\|START_RESPONSE\|>)?\s*"
)
#: A turn of somebody else, or another turn of the model's: it talks on alone.
_TURN = re.compile(
    rf"(?:{_END})|<\|(?:im_start|start|start_header_id|user|system|assistant|begin_of_text)\|>|<start_of_turn>"
    rf"|<｜(?:User|Assistant)｜>"
    r"|\[INST\]|<<SYS>>|<\|[\w▁-]{2,30}\|>"
    r"|^[ \t*#>]{0,6}(?:user|human|assistant|system|ai|chatbot|question|q)[*]{0,2}[ \t]?:(?=\s|\*|$)"
    r"|^[ \t]{0,3}#{2,}[ \t]?(?:instruction|input|user|human|assistant|question)s?\b[ \t]*+\d{0,2}[ \t]*+(?:\([^)\n]{0,40}\))?"
    r"[ \t]*+:?[ \t]*+$",
    re.IGNORECASE | re.MULTILINE,
)
#: A thought that no tag marks: the model talks to itself about its task.
_ALOUD = re.compile(
    r"\A\s*(?:analysis(?=[A-Z])|(?:okay|ok|alright|hmm+|so|wait|let me think|first"
    r"|the user)\b[^\n]{0,160}?\b(?:i need to|i have to|i should|we need"
    r"|need to|figure out|the user|let me|let's|they want|asks? (?:me|for)|wants? (?:me|a)))", re.IGNORECASE,
)
_SELF_TALK = re.compile(
    r"\b(?:i (?:should|need to|could|can|have to)|let me|let's|we (?:can|need|should|could|must)|maybe i"
    r"|the (?:user|instructions?|prompt)|hmm|wait,"
    r"|word count|count words|alternatively|so perhaps)\b", re.IGNORECASE,
)
_TAG = re.compile(
    r"<\s*+(story|retelling|explanation|response|reply|answer|text|output|narrative|result|content|message)\s*+>", re.IGNORECASE,
)
_FENCE = re.compile(r"```[\w-]*+[ \t]*+\n")
_QUOTES = {'"': '"', "“": "”", "«": "»", "‘": "’", "'": "'", "„": "“", "»": "«", "「": "」"}


def plain_answer(raw: str) -> PlainAnswer:
    """`raw` in its normal form.

    >>> plain_answer("<think>Hm.</think>\\n\\nI hear you.<|im_end|>")
    PlainAnswer(text='I hear you.', thoughts='Hm.', problem=None)
    """
    if len(raw) > MOST_CHARACTERS:
        return PlainAnswer(raw[:MOST_CHARACTERS], problem=TOO_LONG)
    text, thoughts = _without_thoughts(raw)
    text = _without_ends(_HEAD.sub("", text, count=1)).strip()
    if not text:
        return PlainAnswer("", thoughts, ONLY_THOUGHT if thoughts else None)
    if _ALOUD.match(text) and len(_SELF_TALK.findall(text)) >= 3:
        return PlainAnswer("", f"{thoughts}\n{text}".strip(), ONLY_THOUGHT)
    if _may_hold_a_turn(text) and _TURN.search(text):
        return PlainAnswer(text, thoughts, CHAT_MARKUP)
    return PlainAnswer(unwrapped(text), thoughts)


def unwrapped(text: str) -> str:
    """`text` without a code fence, a tag, quotation marks or marks of a block quotation around the whole of it."""
    for _ in range(_MOST_WRAPPINGS):
        text = text.strip()
        inner = unfenced(text)
        if inner == text:
            inner = _untagged(text)
        if inner == text:
            inner = _unquoted(_no_block_quote(text))
        if inner == text:
            break
        text = inner
    return text.strip()


def unfenced(text: str) -> str:
    """`text` without a code fence around the whole of it.

    >>> unfenced("```json\\n{}\\n```")
    '{}'
    """
    opening = _FENCE.match(text)
    if not opening or not text.endswith("```") or opening.end() > len(text) - 3:
        return text
    return text[opening.end() : -3].rstrip(" \t").removesuffix("\n")


def _untagged(text: str) -> str:
    """Without a tag around the whole, or before it."""
    opening = _TAG.match(text)
    if not opening:
        return text
    inner = text[opening.end() :].strip()
    last = inner.rfind("<")
    closed = last >= 0 and re.fullmatch(r"<\s*+/\s*+(\w++)\s*+>", inner[last:])
    return inner[:last].rstrip() if closed and closed[1].lower() == opening[1].lower() else inner


def json_fields(text: str) -> dict[str, str] | None:
    """The texts of an answer that is one JSON object of texts, by lower-case name; None where it is no such thing."""
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        found = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not found:
        return None
    return {str(name).lower(): value for name, value in found.items() if isinstance(value, str)} or None


def _without_thoughts(raw: str) -> tuple[str, str]:
    channels = _CHANNEL.findall(raw) if "<|channel|>" in raw else []
    if channels:
        final = [text for name, text in channels if name == "final"]
        thoughts = "\n".join(text.strip() for name, text in channels if name != "final")
        return "\n\n".join(text.strip() for text in final), thoughts
    bare = _BARE_CHANNELS.match(raw)
    if bare:
        return bare[2], bare[1].strip()
    unfinished = _BARE_THOUGHT.match(raw)
    if unfinished:
        return "", raw[unfinished.end() :].strip()
    if not any(sign in raw for sign in "<[◁"):
        return raw, ""
    notes = _NOTES_TAG.search(raw)
    if notes and _REPLY_TAG.search(raw, notes.end()):  # both in tags of their own: no thoughts
        return raw, ""
    return _without_tags(_SOLUTION.sub("", raw) if _SOLUTION.search(raw) else raw)


def _without_tags(raw: str) -> tuple[str, str]:
    """Thoughts between tags; before a closing tag that nothing opened (the template did); after one that nothing closes."""
    kept: list[str] = []
    thoughts: list[str] = []
    at, depth = 0, 0
    marks = sorted(
        (mark.start(), mark.end(), step) for pattern, step in ((_OPEN, 1), (_CLOSE, -1)) for mark in pattern.finditer(raw)
    )
    for start, end, step in marks:
        part = raw[at:start]
        if depth:
            thoughts.append(part)
        elif step < 0:  # all before it was thought, but what followed an earlier thought is doubtful too
            thoughts += [*kept, part]
            kept = []
        else:
            kept.append(part)
        depth = max(0, depth + step)
        at = end
    (thoughts if depth else kept).append(raw[at:])
    return "".join(kept), "\n".join(thought.strip() for thought in thoughts if thought.strip())


def _without_ends(text: str) -> str:
    """Without what ends a turn, however often, at the end; one after the other, since a pattern for all of them is quadratic."""
    end = len(text.rstrip())
    while found := _LAST_END.search(text, max(0, end - _LONGEST_END), end):
        end = found.start()
        while end and text[end - 1].isspace():
            end -= 1
    return text[:end]


def _may_hold_a_turn(text: str) -> bool:
    return "<" in text or "[" in text or ":" in text or "##" in text


def _no_block_quote(text: str) -> str:
    """Without Markdown's mark of a quotation, where every line that holds anything begins with it."""
    lines = text.splitlines()
    if not text.startswith(">") or any(line.strip() and not line.lstrip().startswith(">") for line in lines):
        return text
    return "\n".join(re.sub(r"^[ \t]*>[ \t]?", "", line) for line in lines)


def _unquoted(text: str) -> str:
    """Without quotation marks around the whole, unless they are those of speech that begins and ends the text."""
    close = _QUOTES.get(text[:1])
    if close is None or len(text) < 2 or text[-1] != close:
        return text
    inner = text[1:-1]
    paired = text[0] in "\"'" and close in inner
    if text[0] == "'" and close in inner:  # apostrophes
        inside = re.sub(r"(?<=\w)'(?=\w)", "", inner)
        paired = "'" in inside
    return text if paired or (text[0] not in "\"'" and (text[0] in inner or close in inner)) else inner
