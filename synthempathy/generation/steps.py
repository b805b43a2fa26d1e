"""The three generation steps as one table: what each reads, what its prompts may use, and what becomes of an answer.

    brainstorm  a seed -> stories         explain  a story -> an explanation         respond  an explanation -> a response

`generate` carries any of them out; the sampling grid asks by the same table, so that a cell asks as the step itself does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from synthempathy.core.progress import say
from synthempathy.core.records import Explanation, Record, Seed, Story
from synthempathy.domain.wording import Wording
from synthempathy.generation import checks
from synthempathy.generation.params import Respond, Step
from synthempathy.generation.reading import NOTES_AND_REPLY, read_notes, read_prose
from synthempathy.llm.backends import Completion
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Machine, engine_of
from synthempathy.llm.prompts import Prompt, load_prompt
from synthempathy.llm.runner import Asking, Reader, Results, Row, ask_rows

Fields = dict[str, str]


@dataclass(frozen=True)
class GenerationStep:
    """What is peculiar to a step.

    Attributes:
        record: what a row of its input is.
        variables: the fields of such a row that its prompts may use, each with an example.
        field: the text that it adds.
        written: the row that goes on, from an input row, its new id, its new fields and the model that wrote them.
    """

    name: str
    record: type[Seed] | type[Story] | type[Explanation]
    variables: Mapping[str, str]
    field: str
    written: Callable[[Any, str, Fields, str], dict[str, Any]]

    def prompt(self, path: Path) -> Prompt:
        """The prompt at `path`, checked against what the step offers. PromptError names its line otherwise."""
        prompt = load_prompt(path)
        prompt.check(self.variables)
        return prompt

    def rows(self, records: Sequence[Record], prompt: Prompt, samples: int | None = None) -> list[Row]:
        """A row for each record, under its id; with `samples`, so many for each, as <id>-00, <id>-01, ..."""
        rows = []
        for record in records:
            messages = partial(prompt.messages, **{name: getattr(record, name) for name in self.variables})
            if samples is None:
                rows.append(Row(record.id, record, messages))
            else:
                rows += [Row(f"{record.id}-{sample:02d}", record, messages, sample) for sample in range(samples)]
        return rows

    def reader(self, settings: Step, prompt: Prompt, wording: Wording) -> Reader:
        """The step's check of an answer: the row's new fields, or the reason why it is refused."""
        asks_for_reasoning = self.name == "respond" and asks_for_notes(prompt, wording)

        def read(row: Row, answer: Completion) -> Fields | str:
            if wrong := checks.unreadable(answer):
                return wrong
            prose = (read_notes if asks_for_reasoning else read_prose)(answer.text, wording, flatten=settings.markup == "flatten")
            if prose.problem:
                return prose.problem
            fields = {self.field: prose.text}
            if self.name == "respond":
                fields["reasoning"] = prose.notes
            story = getattr(row.record, "story", "")
            return checks.unusable(prose.text, self.field, settings, prompt.instructions, wording, story) or fields

        return read


def _story(seed: Seed, id: str, fields: Fields, model: str) -> dict[str, Any]:
    """A story row: the seed's fields under the names that they keep from here on."""
    row = seed.model_dump()
    sentence, seed_id = row.pop("sentence"), row.pop("id")
    return {
        "id": id, "seed_id": seed_id, "category": row.pop("category"), "severity": row.pop("severity"),
        "source": row.pop("source"), **row, "seed": sentence, **fields, "model": model,
    }


BRAINSTORM = GenerationStep(
    "brainstorm", Seed, {"sentence": "I missed the bus.", "category": "Other"}, "story", _story,
)
EXPLAIN = GenerationStep(
    "explain", Story, {"story": "Ann missed the bus.", "seed": "I missed the bus.", "category": "Other"}, "explanation",
    lambda row, id, fields, model: row.extended(**fields, explanation_model=model),
)
RESPOND = GenerationStep(
    "respond", Explanation, {"explanation": "I missed the bus.", "category": "Other"}, "response",
    lambda row, id, fields, model: row.extended(**fields, response_model=model),
)
STEPS = {step.name: step for step in (BRAINSTORM, EXPLAIN, RESPOND)}


@dataclass(frozen=True)
class Generated:
    """What a step made of its rows: those that go on, those given up (each with reason and detail), and the counts."""

    step: GenerationStep
    asked: Sequence[Row]
    results: Results

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows that go on, in order."""
        accepted, model_of = self.results.accepted, self.results.model_of
        return (
            self.step.written(row.record, row.id, accepted[row.id], model_of[row.id])
            for row in self.asked if row.id in accepted
        )

    @property
    def dropped(self) -> list[dict[str, Any]]:
        """The rows given up."""
        return self.results.dropped

    def metrics(self) -> dict[str, object]:
        """rows_in, rows_out, dropped by reason, asked_again and tokens."""
        return self.results.metrics(self.step.name, len(self.asked), checks.REASONS)

    def report(self) -> None:
        """Say what came of the step."""
        made, again = len(self.results.accepted), self.results.asked_again
        say(f"{self.step.name}: {made} rows of {len(self.asked)} asked, {again} asked again")


def generate(
    step: GenerationStep, records: Sequence[Record], prompt: Prompt, settings: Step, engine: Engine, machine: Machine,
    wording: Wording, samples: int | None = None,
) -> Generated:
    """Ask for what the step adds to each record, `samples` times under ids of their own where that is given."""
    rows = step.rows(records, prompt, samples)
    asking = asking_of(settings, prompt, engine, machine, wording)
    return Generated(step, rows, ask_rows(step.name, rows, asking, step.reader(settings, prompt, wording)))


def asks_for_notes(prompt: Prompt, wording: Wording) -> bool:
    """Whether the prompt wants notes, and the reply under its label."""
    return f"{wording.labels.response}:" in prompt.source


def asking_of(settings: Step, prompt: Prompt, engine: Engine, machine: Machine, wording: Wording) -> Asking:
    """How a step asks; `engine` is the section of params, over which the step's own is laid, and each model's own over that."""
    structured = isinstance(settings, Respond) and settings.structured and asks_for_notes(prompt, wording)
    return Asking(
        models_of(settings), settings.sampling, settings.attempts, engine_of(settings.engine, engine), machine,
        NOTES_AND_REPLY if structured else None,
    )


def models_of(settings: Step) -> tuple[Model, ...]:
    """The models that write a step's rows."""
    return tuple(Model(one.model, one.revision, weight=one.weight, engine=one.engine) for one in settings.mixture)
