"""The model's tasks as rows of chat messages and an answer, an endless stream from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from synthempathy.demo_model.material import Material
from synthempathy.demo_model.params import Mix, Task
from synthempathy.demo_model.telling import Telling, draw_telling, roughened, swapped
from synthempathy.demo_model.writer import DEFAULTS, METHODS, Asked, Writer
from synthempathy.llm.prompts import Message, Prompt, load_prompt

#: Shares of the tasks, and how tellings are drawn: for the held-out rows and where a recipe says nothing else.
MIXTURE: dict[Task, float] = {"story": 0.27, "explanation": 0.23, "reply": 0.42, "copy": 0.08}
TELLINGS = Mix(known=0.45)
#: Share of the prompts that are the pipeline's own, word for word.
OWN_PROMPTS = 0.4

#: Sentences of the pipeline's own prompts, and what a user may write instead: (field, its new value, which wording).
_EDITS: dict[str, tuple[tuple[str, Any, str], ...]] = {
    "End with one specific question.": (("question", "none", "no_question"), ("question", "open", "open")),
    "Invite them to say more with one open question.": (
        ("question", "none", "no_question"), ("question", "specific", "specific"),
    ),
    "Ask no question.": (("question", "specific", "specific"), ("question", "open", "open")),
    "Say warmly what you feel for them.": (("warm", False, "cool"),),
    "Name their feeling and where it comes from.": (("understand", False, "ignore"),),
}

_STORY_PROMPTS = (
    ("You write short, realistic stories about hard days in ordinary lives.",
     "Write a story of about 100 words about one person in this situation. Use the third person and the past tense."),
    ("You are a writer of short stories.",
     "Write a short story about a person in this situation. Give the person a name and quote their own words."),
    ("", "Tell a short story about this situation, in the third person, with a name, thoughts and feelings."),
    ("You invent realistic stories.",
     "Brainstorm one realistic story from the sentence below. Show what happened and what the person felt."),
    ("You write stories about stress in everyday life.",
     "Write one story of 100 words, in the past tense, about someone who would say this."),
)
_EXPLANATION_PROMPTS = (
    ("You retell stories as the person who lived them.",
     "Retell this story in the first person, as its main character would tell it to a good listener."),
    ("", "Rewrite this story in the first person."),
    ("You rewrite stories.", "Rewrite the story as a first-person explanation of about 95 words. Keep all facts."),
    ("You speak as the main character of a story.", "Say in your own words, as I, what happened in this story."),
)


@dataclass(frozen=True)
class Row:
    """One training row. `source` is the text that the answer must stay on, for the probes."""

    task: str
    messages: list[Message]
    answer: str
    source: str


class Tasks:
    """Draws rows; the prompts of the pipeline are read from `prompts/`."""

    def __init__(
        self, material: Material, prompts: Path, rng: Random, *, held_out: bool = False,
        mixture: dict[Task, float] = MIXTURE, stories: Mix = TELLINGS, others: Mix = TELLINGS, edited: float = 0.0,
    ) -> None:
        """`mixture` holds the tasks' shares; `stories` and `others` say how their tellings are drawn.

        `edited` is the share of the pipeline's own respond prompts in which a sentence is changed, as a user would.
        """
        self.edited = edited
        self.material, self.rng, self.held_out = material, rng, held_out
        self.mixture, self.stories, self.others = mixture, stories, others
        self.writer = Writer(material, rng)
        self.own: dict[str, Prompt] = {
            name: load_prompt(prompts / f"{name}.jinja")
            for name in ("brainstorm/default", "explain/default", "respond/plain", "respond/coe_cbt",
                         "respond/coe_dbt", "respond/coe_pct", "respond/coe_rt")
        }

    def stream(self) -> Iterator[Row]:
        """Rows without end."""
        kinds, weights = list(self.mixture), list(self.mixture.values())
        while True:
            yield self.draw(self.rng.choices(kinds, weights)[0])

    def draw(self, task: Task) -> Row:
        """One row of `task`: story, explanation, reply or copy."""
        if task == "copy":
            return self.copy()
        story = task == "story"
        mix = self.stories if story else self.others
        telling = draw_telling(self.rng, self.material, mix, held_out=self.held_out, swaps=not story)
        return {"story": self._story, "explanation": self._explanation, "reply": self._reply}[task](telling)

    def copy(self) -> Row:
        """The text of the prompt again, word for word: what teaches the model to carry words over."""
        rng, pool = self.rng, self.material.sentences
        if rng.random() < 0.5:
            text = " ".join(rng.choice(self.material.content_words) for _ in range(rng.randint(3, 14)))
        else:
            text = roughened(swapped(rng.choice(pool[rng.choice(list(pool))]), rng, self.material, 3), rng)
        return Row("copy", [{"role": "user", "content": f"Repeat: {text}"}], text, text)

    def _story(self, t: Telling) -> Row:
        if self.rng.random() < OWN_PROMPTS:
            messages = self.own["brainstorm/default"].messages(category=t.category, sentence=t.words)
        else:
            system, user = self.rng.choice(_STORY_PROMPTS)
            messages = _messages(system, f"{user}\n\nCategory: {t.category}\nSituation: \"{t.words}\"")
        return Row("story", messages, self.writer.story(t), t.words)

    def _explanation(self, t: Telling) -> Row:
        story = self.writer.story(t)
        if self.rng.random() < OWN_PROMPTS:
            messages = self.own["explain/default"].messages(story=story)
        else:
            system, user = self.rng.choice(_EXPLANATION_PROMPTS)
            messages = _messages(system, f"{user}\n\nStory: {story}")
        return Row("explanation", messages, self.writer.explanation(t), story)

    def _reply(self, t: Telling) -> Row:
        explanation = self.writer.explanation(t)
        if self.rng.random() < OWN_PROMPTS:
            name = self.rng.choice(("plain", "plain", "cbt", "cbt", "cbt", "dbt", "pct", "rt"))
            asked = Asked() if name == "plain" else DEFAULTS[name.upper()]  # type: ignore[index]
            prompt = self.own["respond/plain" if name == "plain" else f"respond/coe_{name}"]
            messages = prompt.messages(explanation=explanation)
            if self.edited and self.rng.random() < self.edited:
                asked = self._edit(messages[-1], asked)
        else:
            asked, system, user = self._instructed()
            messages = _messages(system, f"{user}\n\n{explanation}")
        answer = self.writer.reply(t, asked)
        if asked.method:
            answer = f"Reasoning: {self.writer.notes(t, asked.method)}\n\nResponse: {answer}"
        return Row(f"reply_{(asked.method or ('plain' if asked.plain else 'warm')).lower()}", messages, answer, explanation)

    def _edit(self, message: Message, asked: Asked) -> Asked:
        """Change one sentence of the prompt, two at most, in place; what is asked then."""
        there = [sentence for sentence in _EDITS if sentence in message["content"]]
        first = [s for s in there if "uestion" in s][:1]  # the question most often: it is the easiest edit to see
        for sentence in first + [s for s in there if s not in first and self.rng.random() < 0.2]:
            field, value, wording = self.rng.choice(_EDITS[sentence])
            asked = replace(asked, **{field: value})
            instead = self.rng.choice(self.material.frames["instructions"][wording])
            message["content"] = message["content"].replace(sentence, instead)
        return asked

    def _instructed(self) -> tuple[Asked, str, str]:
        """What is asked, drawn at random, and instructions that ask for it in one of many wordings."""
        rng, ways = self.rng, self.material.frames["instructions"]
        method = rng.choice((*METHODS, "CBT", None, None))
        asked = DEFAULTS[method] if method else Asked()  # type: ignore[index]
        said: list[str] = []

        def ask(field: str, value: Any, key: str) -> None:
            nonlocal asked
            asked = replace(asked, **{field: value})
            said.append(rng.choice(ways[key]))

        if rng.random() < 0.5:
            ask(*rng.choice((("warm", True, "warm"), ("warm", True, "warm"), ("warm", False, "cool"))))
        if rng.random() < 0.5:
            named = ("understand", True, "understand")
            ask(*rng.choice((named, named, ("understand", False, "ignore"))))
        if method and rng.random() < 0.6:
            said.append(rng.choice(ways["body"][method]))
        if rng.random() < 0.3:
            ask(*rng.choice((("step", True, "step"), ("step", False, "no_step"))))
        if rng.random() < 0.6:
            ask(*rng.choice((("question", "specific", "specific"), ("question", "open", "open"),
                             ("question", "none", "no_question"), ("question", "none", "no_question"))))
        if asked.plain and not asked.step:
            said = [s for s in said if s not in ways["no_step"]]  # the plain reply is advice: never ask it for none
        last = said.pop() if said and rng.random() < 0.5 else None  # the order of instructions varies
        rng.shuffle(said)
        said += [last] if last else []
        answer = rng.choice(ways["then"] if method else ways["answer"])
        first = [rng.choice(ways["think"][method])] if method else []
        return asked, rng.choice(ways["system"]), " ".join(s for s in [*first, answer, *said] if s)


def _messages(system: str, user: str) -> list[Message]:
    return ([{"role": "system", "content": system}] if system else []) + [{"role": "user", "content": user}]
