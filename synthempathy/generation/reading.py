"""Reading an answer as the text that was asked for: prose, or notes and prose under labels.

What models add around a text (openings, titles, labels, closings) is cut where it stands cleanly apart; emphasis becomes the
plain word. What cannot be cut cleanly makes the answer one to ask again, under a reason of `REASONS`. Labels are
English, of some languages that models fall into, or those that the domain's description names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from synthempathy.domain.wording import Labels, Wording
from synthempathy.generation.markup import RULE_LINE, flattened, marked_up, tidy, without_emphasis
from synthempathy.generation.task_remarks import COMMENT, TASK
from synthempathy.generation.task_talk import without_closings, without_openings
from synthempathy.llm.answers import json_fields, unwrapped

TASK_TALK, MARKUP, NO_BORDER = "task_talk", "markup", "no_response_after_reasoning"
REASONS = (TASK_TALK, MARKUP, NO_BORDER)
ENGLISH = Wording()
_MOST_WRAPPINGS = 6  # one inside the other, of openings, closings, fences and quotation marks

#: The JSON schema of an answer that `read_notes` reads: notes first, since a model thinks by writing.
NOTES_AND_REPLY = {
    "type": "object",
    "properties": {"reasoning": {"type": "string"}, "response": {"type": "string"}},
    "required": ["reasoning", "response"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Prose:
    """A text, or why there is none. `flattened` is the text with lists and headings turned into sentences."""

    text: str
    problem: str | None = None
    notes: str = ""


def read_prose(text: str, wording: Wording = ENGLISH, *, flatten: bool = False) -> Prose:
    """The prose of an answer in its normal form. `flatten` turns lists and headings into sentences; else they are `markup`."""
    english, own_label = wording.english, _of_labels(wording.labels).at_head
    fields = json_fields(text)
    if fields and len(fields) == 1:
        text = unwrapped(next(iter(fields.values())))
    for _ in range(_MOST_WRAPPINGS):  # a fence or quotation marks may stand inside an opening and a closing
        before = text
        text = unwrapped(without_closings(without_openings(text, english=english), english=english))
        cut = own_label.match(text) if own_label else None
        text = text[cut.end() :] if cut and text[cut.end() :].strip() else text
        if text == before:
            break
    if not text:
        return Prose("", TASK_TALK)
    if marked_up(text, ordinals=wording.words.ordinals):
        if not flatten:
            return Prose(text, MARKUP)
        text = flattened(text)
    text = tidy(without_emphasis(text))
    if english and (TASK.search(text) or COMMENT.search(text)):
        return Prose(text, TASK_TALK)
    return Prose(text)


def read_notes(text: str, wording: Wording = ENGLISH, *, flatten: bool = False) -> Prose:
    """The reply of an answer that holds notes, then a reply, under labels; the notes beside it."""
    labels = _of_labels(wording.labels)
    fields = json_fields(text)
    if fields:
        notes = next((fields[name] for name in fields if re.fullmatch(_NOTES_NAME, name, re.IGNORECASE)), None)
        reply = next((fields[name] for name in fields if re.fullmatch(_REPLY_NAME, name, re.IGNORECASE)), None)
        if notes and reply:
            prose = read_prose(reply, wording, flatten=flatten)
            return Prose(prose.text, prose.problem, _plain_notes(notes, labels.notes))
    tagged = _TAGGED_REPLY.search(text)
    border = tagged.span() if tagged and tagged.start() else _border(text, labels)
    if border is None:
        return Prose("", NO_BORDER)
    notes, reply = text[: border[0]], text[border[1] :]
    prose = read_prose(unwrapped(_closed_elsewhere(reply.strip())), wording, flatten=flatten)
    if not prose.text or not notes.strip():
        return Prose("", NO_BORDER)
    return Prose(prose.text, prose.problem, _plain_notes(notes, labels.notes))


_NOTES_NAME = r"(?:reasoning|notes?|thoughts?|analysis|thinking|private notes?)"
_REPLY_NAME = r"(?:response|reply|answer|message|final response|response to .*)"
_MARK = r"[*_#>`~\[\]<>()]"
#: Names of the two in the languages that models fall into; a domain's own come to them (`_of_labels`), in place of NAMES.
_REPLY_NAMES = (
    "response|reply|answer|message|réponse|respuesta|antwort|risposta|resposta|回答|回复|回應|回应|答复|返信|応答"
)
_NOTES_NAMES = (
    "reasoning|notes?|thoughts?|thinking|analysis|raisonnement|razonamiento|begründung|überlegungen?|推理|思考|理由|分析"
)
#: The label of the reply: at the start of a line, whatever stands around it; or bold, anywhere.
_REPLY_LABEL = (
    rf"^[ \t]*+{_MARK}*+[ \t]*+(?:(?:step|part|section)?[ \t]*+\(?[\d一二]{{1,2}}[.):、]?[ \t]*+)?{_MARK}*+[ \t]*+"
    r"(?:(?:my|the|your|an?|here(?:'|’)?s?(?: is)?|now|final|[a-z]{3,20}[ht]ic|warm|compassionate|supportive|actual"
    r"|suggested|public|spoken"
    r"|written|kind|caring|therapeutic|and)[ \t]++){0,4}"
    r"(?:NAMES)"
    r"(?:[ \t]+(?:to|for)[ \t]+(?:the|you|them|her|him|this|[A-Z]\w+)\b[^\n:]{0,30})?(?:[ \t]*[(（][^)）\n]{0,40}[)）])?"
    rf"[ \t]*+{_MARK}*+[ \t]*+(?:[:：][ \t]*+{_MARK}*+|[-–—]+>?(?=[ \t\n])|(?<={_MARK})[ \t]*(?=\n)|[ \t]*(?=\n))[ \t]*"
)
_INLINE_LABEL = (
    r"(?:\*{2,3}|__)[ \t]*+(?:[\w ]{0,30}\b)?(?:NAMES|answer)[ \t]*+[:：]?[ \t]*+(?:\*{2,3}|__)[ \t]*+[:：]?[ \t]*+"
    r"|(?<=[.!?\"”)])[ \t]++(?:NAMES)[ \t]*+[:：][ \t]*+"
)
_TAGGED_REPLY = re.compile(r"<\s*(?:response|reply|answer|message)\s*>\s*", re.IGNORECASE)
_NOTES_LABEL = (
    rf"\A[\s*_#>`\[<(]*+(?:(?:step|part|section)?[ \t]*+\(?[\d一二]{{1,2}}[.):、]?[ \t]*+)?{_MARK}*+[ \t]*+(?:(?:my|the"
    rf"|private|first|internal|here are my)[ \t]++){{0,3}}"
    r"(?:NAMES)"
    rf"(?:[ \t]*[(（][^)）\n]{{0,40}}[)）])?[ \t]*+{_MARK}*+[ \t]*+(?:[:：\-–—]|(?=\n))[ \t]*+{_MARK}*+[ \t]*"
)


class _Labels(NamedTuple):
    """Where notes and reply begin; `at_head` is a name of the domain's own before a text, None where it has none."""

    reply: re.Pattern[str]
    inline: re.Pattern[str]
    notes: re.Pattern[str]
    at_head: re.Pattern[str] | None


@cache
def _of_labels(labels: Labels) -> _Labels:
    own = labels != Labels()
    reply, notes = (rf"(?:\w+[ \t]+)?{re.escape(name)}" for name in (labels.response, labels.reasoning))
    more_replies, more_notes = (f"|{reply}", f"|{notes}") if own else ("", "")
    head = rf"\A[\s*_#>]{{0,8}}{re.escape(labels.response)}[\s*_]{{0,4}}[:：][*_]{{0,3}}\s*"
    return _Labels(
        re.compile(_REPLY_LABEL.replace("NAMES", f"{_REPLY_NAMES}{more_replies}"), re.IGNORECASE | re.MULTILINE),
        re.compile(_INLINE_LABEL.replace("NAMES", f"response|reply{more_replies}"), re.IGNORECASE),
        re.compile(_NOTES_LABEL.replace("NAMES", f"{_NOTES_NAMES}{more_notes}"), re.IGNORECASE),
        re.compile(head, re.IGNORECASE) if own else None,
    )


_TODAY = _of_labels(Labels())  # read once: those of nearly every domain


def _border(text: str, labels: _Labels) -> tuple[int, int] | None:
    """Where the label of the reply stands: the one after which a reply follows; None where there is none, or several."""
    found = [m for m in labels.reply.finditer(text) if m.start() > 0 and text[m.end() :].strip()]
    strong = [m for m in found if ":" in m[0] or "：" in m[0] or re.search(r"[*_#<\[]", m[0])]
    found = strong or found
    if not found:
        found = [m for m in labels.inline.finditer(text) if m.start() > 0 and text[m.end() :].strip()]
    if not found:
        return None
    if len(found) > 1 and len({text[m.end() :].strip()[:40] for m in found}) > 1:
        return None
    return found[-1].span()


def _closed_elsewhere(reply: str) -> str:
    """Without the closing half of a tag that stood around the reply."""
    return re.sub(r"<\s*+/\s*+\w++\s*+>\Z", "", reply.strip())


def _plain_notes(notes: str, label: re.Pattern[str]) -> str:
    notes = label.sub("", notes.strip(), count=1)
    notes = RULE_LINE.sub("", notes)
    notes = re.sub(r"(?:(?<!\s)\s++)?<\s*+/?\s*+\w++\s*+>\s*", "\n", notes)
    notes = re.sub(r"^[ \t]*#{1,6}[ \t]+", "", notes, flags=re.MULTILINE)
    return tidy(without_emphasis(notes))
