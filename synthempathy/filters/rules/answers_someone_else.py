"""answers_someone_else: the response answers another person's story.

Two things must come together. The response shares next to no particular words with the explanation; and it tells the
person facts that the explanation does not hold: a quotation ("you wrote ..."), a name (`lists/first_names.txt`), a
deed ("when you sat in the parked car"), or one of `lists/facts.txt` (a sister, a dog, an exam, a funeral). Advice and
the writer's own life are no such facts. A response that is merely general shares few words too, but names no foreign
facts, and passes: precision is what counts here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from synthempathy.core.errors import InputError
from synthempathy.core.files import read_text
from synthempathy.core.records import Pair
from synthempathy.filters.base import Action, Check, Rule, Span, Verdict, action_of, both_reasons, english, reason_for
from synthempathy.filters.params import Filter
from synthempathy.filters.rules.artifacts.other_language import FUNCTION_WORDS
from synthempathy.text.lexicon import words_of_slot
from synthempathy.text.normal import normal
from synthempathy.text.words import Text, text_of

NAME = "answers_someone_else"
LISTS = Path(__file__).parents[1] / "lists"

STEM = 5  # characters: "deadlines" and "deadline" are one word, so are "apply" and "applied" hardly ever
#: Points of foreign facts (a fact is one, a name or a quotation two) that are too many, by how many particular words
#: the response shares with the explanation: another person's answer may hold a few by chance.
TOO_FOREIGN = {0: 2, 1: 2, 2: 4, 3: 4}
QUOTED_WORDS, QUOTED_SHARE = 4, 0.3  # a quotation of so many words, with so few of its meaning in the explanation
RECOUNTED = 2  # particular words of a deed that is recounted
SHOWN = 4  # facts named in the evidence

#: Beginnings of words that answers to anyone share.
_GENERAL = """
about after again allow alone also always another anyone anything around asked away back became because become been before
being believe better both bring brought call came cannot care carry caught chance change check choose come comes could
count cried crying days deal deep deserve didn't does doing don't door down each easy else enough even evening every
everyone everything exactly face fact fair falling feel feeling felt find first five four friend from gave getting give
giving glad goes going gone good great group grown half hand happen hard have having head hear heard heart heavy held help
here hold home honest hope hour house hurt imagine important inside into isn't it's just keep kept kind knew know large
last late learn leave left less let's life light like line list listen little live long look lost made make many matter
maybe mean might mind minute moment month more morning most mouth move much must myself name natural near need never next
night nobody normal nothing notice number often once only open other over pain part people perhaps person phone place plan
please point pressure push quest quiet rather reach read real reason remember rest right room said same scared seem sense
sentence share short should show since sleep slow small some soon sorry sound speak stand start stay step still stop story
stress strong such sure table take talk tell than thank that their them then there these they thing think this those
though thought three through time tired today together told tonight took toward treat tried trust trying turn under
understand until used very voice wait walk want warm watch week weight went were what when where whether which while whole
will wish with within without wonder word work world worry would write wrong wrote year yesterday your yours
angry anxious ashamed sad afraid lonely guilty overwhelm exhaust frustrat helpless worthless disappoint nervous upset
painful difficult emotion understandable situation experience support valid
"""
GENERAL = frozenset(word[:STEM] for word in _GENERAL.split())

_QUOTE = re.compile(r'(?<![^\s(])["\u201c](?=\S)([^"\u201c\u201d\n]{8,300})["\u201d]')
#: Before or after a quotation: these are said to be the person's own words. "You could say ..." is advice.
_YOURS_BEFORE = re.compile(
    r"\byou(?:'ve|r)?\s(?!can\b|could\b|might\b|may\b|should\b|have to\b|need\b)[^.!?\n\"]{0,40}$", re.IGNORECASE
)
_YOURS_AFTER = re.compile(r"[\s,]{0,2}(?:is|was|has|had|makes?|made|must|sounds|comes)\b")
#: "when you sat in the parked car for ten minutes": past forms alone, for the present is advice.
_RECOUNT = re.compile(
    r"\b(?:when|after|since|while|as|that|how|because) you ((?:[a-z]+ed|sat|stood|had|lay|went|ran|told|said|took|made|gave"
    r"|saw|heard|found|lost|left|kept|wrote|read|woke|ate|drove|held|got|put|bought|sold|sent|spent|spoke|broke|fell|paid)"
    r"\b[^.!?,;\n\"]{6,100})"
)
_STATES = frozenset(("feel", "felt", "seemed", "needed", "wanted", "shared", "mentioned", "described", "said", "told"))
_END = re.compile(r"[.!?\n]")
_BESIDE = 50  # characters
_NAME = re.compile(r"(?<![.!?\"\u201c\n] )(?<=[a-z,] )[A-Z][a-z]{2,12}\b")
#: A sentence with one of these says what could be, or what the writer lived.
_NO_CLAIM = frozenset((
    "could", "might", "may", "can", "try", "maybe", "perhaps", "if", "would", "should", "consider", "ask", "someone",
    "anyone", "my", "mine", "our", "us", "like", "whether", "or", "does", "do", "did", "is", "any", "some", "sometimes",
))
_TO_THE_PERSON = frozenset(("you", "your", "you're", "you've", "you'd", "you'll"))


def check_with(action: Action) -> Check:
    """A check with the foreign facts as evidence, and where they stand in the response."""
    reason, facts, names = reason_for(action, NAME), _facts(), _names()

    def check(pair: Pair) -> Verdict | None:
        explanation, response = text_of(pair.explanation), text_of(pair.response)
        enough = _too_foreign(explanation, response)
        if enough is None:
            return None
        foreign = {
            **{span: 2 for span in _foreign_quotations(explanation, response)},
            **{span: 2 for span in _foreign_names(explanation, response, names)},
            **{span: 1 for span in _foreign_recounts(explanation, response)},
            **{span: 1 for span in _foreign_facts(explanation, response, facts)},
        }
        if sum(foreign.values()) < enough:
            return None
        spans = tuple(sorted(foreign))
        named = ", ".join(response.raw[start:end] for start, end in spans[:SHOWN])
        return Verdict(action, reason, "response", f"not in the explanation: {named}", spans)

    return check


def _checks(settings: Filter) -> tuple[Check, ...]:
    action = action_of(settings.answers_someone_else)
    return (check_with(action),) if action else ()


RULE = Rule(both_reasons(NAME), _checks, english)


def _too_foreign(explanation: Text, response: Text) -> int | None:
    """How many points of foreign facts are too many; None where so much is shared that no number is."""
    alike = {word[:STEM] for word in explanation.vocabulary & response.vocabulary - FUNCTION_WORDS if len(word) >= 4} - GENERAL
    if len(alike) > max(TOO_FOREIGN):  # quick, and so for nearly every pair
        return None
    return TOO_FOREIGN.get(len(_particular(explanation) & _particular(response)))


def _particular(text: Text) -> set[str]:
    return {word[:STEM] for word in text.vocabulary if len(word) >= 4} - GENERAL


def _stems(words: list[str]) -> set[str]:
    return {word[:STEM] for word in words if word not in FUNCTION_WORDS}


def _foreign_quotations(explanation: Text, response: Text) -> Iterator[Span]:
    stems = _stems(explanation.words)
    for quote in _QUOTE.finditer(response.lower):
        before, after = response.lower[max(0, quote.start() - _BESIDE) : quote.start()], response.lower[quote.end() :]
        if not (_YOURS_BEFORE.search(before) or _YOURS_AFTER.match(after)):
            continue
        words = Text(quote[1]).words
        quoted = _stems(words)
        if len(words) >= QUOTED_WORDS and len(quoted & stems) <= QUOTED_SHARE * len(quoted):
            yield response.in_raw(*quote.span(1))


def _foreign_recounts(explanation: Text, response: Text) -> Iterator[Span]:
    """What the person is said to have done ("when you sat in the parked car"), none of it told; each once."""
    stems, seen = _stems(explanation.words), set()
    for found in _RECOUNT.finditer(response.lower):
        words = Text(found[1]).words
        recounted = frozenset(_stems(words) - GENERAL)
        if words[0] in _STATES or len(recounted) < RECOUNTED or recounted in seen:
            continue
        if recounted.isdisjoint(stems):
            seen.add(recounted)
            yield response.in_raw(*found.span(1))


def _foreign_names(explanation: Text, response: Text, names: frozenset[str]) -> Iterator[Span]:
    for found in _NAME.finditer(response.raw):
        name = found[0].lower()
        if name in names and name not in explanation.vocabulary and _is_claim(_sentence_around(response.raw, found)):
            yield found.span()


def _foreign_facts(explanation: Text, response: Text, facts: dict[str, frozenset[str]]) -> Iterator[Span]:
    """The first word of each fact that is claimed of the person and that nothing in `explanation` accounts for."""
    seen: set[frozenset[str]] = set()
    sentence: list[int] = []
    for at, token in enumerate([*response.tokens, "."]):
        if token not in ".!?\n;":
            sentence.append(at)
            continue
        if _is_claim([response.tokens[place] for place in sentence]):
            for place in sentence:
                accounts = facts.get(response.tokens[place])
                if accounts and accounts not in seen and accounts.isdisjoint(explanation.vocabulary):
                    seen.add(accounts)
                    yield response.spans[place]
        sentence = []


def _is_claim(sentence: list[str]) -> bool:
    """Does the sentence, as words, tell the person something of their life?"""
    return not _TO_THE_PERSON.isdisjoint(sentence) and _NO_CLAIM.isdisjoint(sentence)


def _sentence_around(text: str, found: re.Match[str]) -> list[str]:
    start = max(text.rfind(mark, 0, found.start()) for mark in ".!?\n")
    end = _END.search(text, found.end())
    return re.findall(r"[\w']+", normal(text[start + 1 : end.start() if end else len(text)]))


@cache
def _facts() -> dict[str, frozenset[str]]:
    """Each word that names a fact, with all words that account for it. InputError names a line that is none."""
    path = LISTS / "facts.txt"
    found: dict[str, frozenset[str]] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        naming, colon, accounts = entry.partition(" : ")
        if not colon:
            raise InputError("not a fact", file=path, line=number, value=entry, hint="write: word|word : word word")
        named = words_of_slot(naming)
        known = named.union(*(words_of_slot(word) for word in accounts.split()))
        found |= dict.fromkeys(named, known)
    return found


@cache
def _names() -> frozenset[str]:
    lines = read_text(LISTS / "first_names.txt").splitlines()
    return frozenset(name for line in lines if not line.startswith("#") for name in line.split())
