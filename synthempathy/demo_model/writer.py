"""The compositional writer: stories, explanations, replies and notes from a telling and the surface forms."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from synthempathy.demo_model.material import Material, capitalised, voiced
from synthempathy.demo_model.telling import Telling, facts

Method = Literal["CBT", "DBT", "PCT", "RT"]
METHODS: tuple[Method, ...] = ("CBT", "DBT", "PCT", "RT")
STORY_WORDS = (88, 122)
EXPLANATION_WORDS = (78, 112)
REPLY_WORDS = (125, 172)

_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Asked:
    """What a prompt asks of a reply. `method` None and all else off is the plain reply."""

    method: Method | None = None
    warm: bool = False
    understand: bool = False
    step: bool = False
    question: Literal["none", "open", "specific"] = "none"

    @property
    def plain(self) -> bool:
        return self.method is None and not (self.warm or self.understand) and self.question == "none"


#: What each method's reply holds where the prompt does not say.
DEFAULTS: dict[Method, Asked] = {
    "CBT": Asked("CBT", warm=True, understand=True, question="specific"),
    "DBT": Asked("DBT", warm=True, understand=True, step=True),
    "PCT": Asked("PCT", understand=True, question="open"),
    "RT": Asked("RT", step=True, question="specific"),
}


class Writer:
    """Writes the texts of one telling after the other; all randomness comes from `rng`."""

    def __init__(self, material: Material, rng: Random) -> None:
        self.material, self.rng, self.frames = material, rng, material.frames

    def story(self, t: Telling) -> str:
        """A third-person story that quotes the person's own words."""
        voice, frames = t.pronoun, self.frames["story"]
        own = self._form(frames["own_words"], t, voice)
        slots: list[tuple[str, dict[str, str]]] = [("core", {}) if t.core else ("key", {}) if t.key else ("time", {})]
        slots += [("detail", self._clause(d, voice)) for d in t.details]
        slots += [("feeling", {}), ("thought", {}), ("consequence", {})]
        if self.rng.random() < 0.25:
            slots.insert(-1, ("want", {}))
        if t.strength:
            slots.append(("strength", {}))
        sentences = [self._form(frames[slot], t, voice, **extra) for slot, extra in slots]
        if self.rng.random() < 0.3:  # scene before words, but never a pronoun before the name
            sentences = [own, *sentences]
            if t.core and self.rng.random() < 0.7:
                first = self._form(frames["core"], t, voice, name_core=t.name)
                sentences = [first, own, *sentences[2:]]
        else:
            sentences = [own, *sentences]
        self._shuffle_scenes(sentences)
        return self._fitted(sentences, STORY_WORDS, len(t.details))

    def explanation(self, t: Telling) -> str:
        """The same trouble in the first person."""
        frames = self.frames["explanation"]
        own = self._form(frames["own_words"], t, "I")
        slots: list[tuple[str, dict[str, str]]] = []
        if t.core:
            slots.append(("core", {}))
        elif t.key and self.rng.random() < 0.7:
            slots.append(("key", {}))
        slots += [("detail", self._clause(d, "I")) for d in t.details]
        slots += [("feeling", {}), ("thought", {}), ("consequence", {})]
        if self.rng.random() < 0.2:
            slots.insert(-1, ("want", {}))
        if t.strength:
            slots.append(("strength", {}))
        sentences = [own] + [self._form(frames[slot], t, "I", **extra) for slot, extra in slots]
        opening = self._form(frames["opening"], t, "I")
        if opening:
            sentences.insert(0, opening)
        self._shuffle_scenes(sentences)
        return self._fitted(sentences, EXPLANATION_WORDS, len(t.details))

    def reply(self, t: Telling, asked: Asked) -> str:
        """A reply to the explanation of `t` that holds what was asked, and not what was not."""
        return self._plain(t, asked) if asked.plain else self._caring(t, asked)

    def notes(self, t: Telling, method: Method) -> str:
        """Chain-of-Empathy notes along the method's lines (paper.md, Chain of Empathy)."""
        situation = f'"{t.words}"' if not t.core or self.rng.random() < 0.6 else voiced(t.core, "they")
        return self._form(self.frames["notes"][method], t, "they", situation=situation, wantthey=voiced(t.want, "they"))

    def _caring(self, t: Telling, asked: Asked) -> str:
        frames, rng = self.frames["reply"], self.rng
        events = facts(t, "you")[1 if t.core else 0 :]
        rng.shuffle(events)
        # What hurts comes first: the core where it is known, else what it did to the person's days.
        events.insert(0 if rng.random() < 0.75 else 1, voiced(t.core or t.consequence, "you"))
        given = itertools.cycle(events)
        used: Counter[str] = Counter({} if t.core else {"onsequence}": 1})

        def say(slot: str, **extra: str) -> str:
            """A form of the slot not used before, and none that names the same part a third time."""
            forms = [
                f for f in frames[slot]
                if not used[f] and not any(used[p] > 1 for p in ("onsequence}", "{words}", "{f1}") if p in f)
            ] or frames[slot]
            form = rng.choice(forms)
            used.update([form, *(p for p in ("onsequence}", "{words}") if p in form)])
            return self._form([form], t, "you", **({"fact": next(given)} if "act}" in form else {}) | extra)

        before: list[str] = []
        body: list[str] = []
        if asked.warm:
            own = not t.core or rng.random() < 0.35
            before.append(say("warmth_words" if own and rng.random() < 0.75 else "warmth_first"))
        if asked.understand:
            body.append(say("understanding"))
            body.append(say("understanding_more"))
            if rng.random() < 0.5 or not asked.warm:
                body.append(say("understanding_own"))
        if asked.warm or asked.understand:
            body.append(say("valid"))
        match asked.method:
            case "CBT":
                body.append(say("thought", Gloss=rng.choice(frames["gloss"][t.error])))
            case "DBT":
                body += [say("accept"), say("accept")]
            case "PCT":
                body += [say("reflect"), say("reflect")]
            case "RT":
                body += [say("wants"), say("doing"), say("doing")]
            case None:
                body.append(say("understanding") if asked.understand else say("doing"))
        if t.strength and rng.random() < 0.8:
            body.append(say("strength"))
        after: list[str] = []
        if asked.step:
            after.append(say("regulate") if asked.method == "DBT" else say("step", **self._advice(rng.choice(t.advice))))
        if asked.warm and rng.random() < 0.8:
            after.append(say("warmth_last"))
        if asked.question != "none":
            asking = say("question_open") if asked.question == "open" else self._question(t, next(given))
            after.append(asking)
        fill = {"CBT": "valid", "DBT": "regulate" if asked.step else "accept", "PCT": "reflect", "RT": "doing"}
        slot = fill.get(asked.method or "", "understanding_more" if asked.understand else "doing")
        for _ in range(8):
            if _words([*before, *body, *after]) >= REPLY_WORDS[0]:
                break
            extra = say("understanding" if asked.understand and rng.random() < 0.5 else slot)
            if extra not in body:
                body.append(extra)
        return " ".join([*before, *dict.fromkeys(body), *after])

    def _plain(self, t: Telling, asked: Asked) -> str:
        """Advice and little else: what a model says that was not asked for more."""
        frames, rng = self.frames["reply"], self.rng
        events = facts(t, "you")
        sentences = [self._form(frames["plain_opening"], t, "you", fact=rng.choice(events))]
        advice = list(t.advice)
        rng.shuffle(advice)
        for item in advice:
            link = self._form([rng.choice(frames["plain_link"])], t, "you")
            sentences.append(f"{link}{item[:1].lower() + item[1:] if link else item}.")
            if len(sentences) == 4:
                sentences.append(self._form(frames["plain_fact"], t, "you", fact=rng.choice(events)))
            if _words(sentences) >= REPLY_WORDS[0] - rng.randint(0, 25):
                break
        sentences.append(self._form(frames["plain_last"], t, "you"))
        return " ".join(capitalised(s) for s in sentences)

    def _question(self, t: Telling, fact: str) -> str:
        forms = [f for f in self.frames["reply"]["question_specific"] if t.questions or "uestion}" not in f]
        asking = self.rng.choice(t.questions) if t.questions else ""
        return self._form(forms, t, "you", fact=fact, question=asking, Question=capitalised(asking))

    def _advice(self, item: str) -> dict[str, str]:
        return {"advice": item[:1].lower() + item[1:], "Advice": item}

    def _clause(self, clause: str, voice: str) -> dict[str, str]:
        text = voiced(clause, voice)
        return {"detail": text, "Detail": capitalised(text)}

    def _form(self, forms: list[str], t: Telling, voice: str, **extra: str) -> str:
        """One of the forms, filled. Values are filled in once: a value is never read as a form."""
        values = self._values(t, voice) | extra
        if "fact" in values:
            values["Fact"] = capitalised(values["fact"])
        text = _SLOT.sub(lambda m: values[m[1]], self.rng.choice(forms))
        return text if text.startswith('"') else capitalised(text)

    def _values(self, t: Telling, voice: str) -> dict[str, str]:
        words: dict[str, Any] = self.frames["words"]
        values = {slot: self.rng.choice(words[slot]) for slot in ("day", "month", "season", "span", "part", "place", "thing")}
        core = voiced(t.core, voice) if t.core else ""
        consequence = voiced(t.consequence, voice)
        key = voiced(t.key or "", voice)
        values |= {
            "key": key, "Key": capitalised(key), "Name": t.name, "words": t.words, "Words": t.words, "confidant": t.confidant,
            "core": core, "Core": capitalised(core), "f1": t.feelings[0], "f2": t.feelings[1], "thought": t.thought,
            "consequence": consequence, "Consequence": capitalised(consequence), "want": voiced(t.want, voice),
            "strength": voiced(t.strength or "", voice), "error": t.error,
        }
        for slot in ("S", "O", "P", "R", "was"):
            values[slot] = voiced(f"{{{slot}}}", voice)
        return values

    def _shuffle_scenes(self, sentences: list[str]) -> None:
        """Swap two neighbours in the middle now and then, so that the order of the parts varies."""
        middle = range(2, len(sentences) - 2)
        for i in middle:
            if self.rng.random() < 0.3:
                sentences[i], sentences[i + 1] = sentences[i + 1], sentences[i]

    def _fitted(self, sentences: list[str], bounds: tuple[int, int], details: int) -> str:
        while _words(sentences) > bounds[1] and details > 2:
            sentences.pop(3)
            details -= 1
        return " ".join(sentences)


def _words(sentences: list[str]) -> int:
    return sum(len(s.split()) for s in sentences)
