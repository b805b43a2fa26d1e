"""The table of steps: what each asks, how it reads an answer, and what a row that goes on holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from synthempathy.core.errors import PromptError
from synthempathy.core.records import Explanation, Pair, Record, Seed, Story
from synthempathy.generation.checks import REASONS
from synthempathy.generation.params import Step
from synthempathy.generation.steps import BRAINSTORM, EXPLAIN, RESPOND, STEPS, GenerationStep, generate
from synthempathy.llm import runner
from synthempathy.llm.backends import Completion, Request
from synthempathy.llm.loading import Model
from synthempathy.llm.mixture import place_of
from synthempathy.llm.params import Engine, Machine, Sampling, WeightedModel
from synthempathy.llm.runner import Row
from synthempathy.project.params import load_params
from tests.helpers.empathy import DOMAIN

ROOT = Path(__file__).parents[2]
PARAMS = load_params(ROOT / "params.yaml")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SEED = Seed(id="s1", sentence="I missed the bus.", category="Work", severity=4.5, source="t", region="north")  # type: ignore[call-arg]
STORY = Story(id="s1-00", seed_id="s1", category="Work", seed="I missed the bus.", story="Ann missed it.", model="org/a")
EXPLANATION = Explanation(**STORY.model_dump(), explanation="I missed my bus.")
TEXT = "My manager shouted at me because I was late, and I went home with a headache and a heavy heart."


def prompt_of(step: GenerationStep, name: str = "default") -> Any:
    return step.prompt(ROOT / "prompts" / step.name / f"{name}.jinja")


def settings_of(step: GenerationStep, **changes: Any) -> Step:
    given: Step = getattr(PARAMS, step.name)
    return given.model_copy(update={"model": "org/a", "revision": COMMIT, "min_words": 5, "attempts": 2} | changes)


def read(step: GenerationStep, text: str, prompt: str = "default", reason: Any = "stop") -> Any:
    reader = step.reader(settings_of(step), prompt_of(step, prompt), DOMAIN.wording)
    return reader(Row("r", SEED, []), Completion("r", text, reason, 1, 1))


@pytest.mark.parametrize(("step", "record"), [(BRAINSTORM, SEED), (EXPLAIN, STORY), (RESPOND, EXPLANATION)])
def test_every_shipped_prompt_renders_from_the_fields_that_its_step_offers(step: GenerationStep, record: Record) -> None:
    for path in sorted((ROOT / "prompts" / step.name).glob("*.jinja")):
        [row] = step.rows([record], step.prompt(path))
        assert (row.id, row.record, row.sample) == (record.id, record, 0)
        asked = " ".join(message["content"] for message in row.rendered())
        assert getattr(record, next(iter(step.variables))).rstrip(".") in asked


def test_a_prompt_that_uses_a_field_of_another_step_is_refused_by_line(tmp_path: Path) -> None:
    path = tmp_path / "p.jinja"
    path.write_text("{% block system %}{% endblock %}\n{% block user %}{{ explanation }}{% endblock %}\n")
    RESPOND.prompt(path)
    for step in (BRAINSTORM, EXPLAIN):
        with pytest.raises(PromptError, match=r"p\.jinja:2: undefined variable"):
            step.prompt(path)


def test_several_samples_have_ids_and_numbers_of_their_own() -> None:
    other = SEED.model_copy(update={"id": "s2", "sentence": "The rent went up."})
    rows = BRAINSTORM.rows([SEED, other], prompt_of(BRAINSTORM), 3)
    assert [(row.id, row.sample) for row in rows] == [(f"{s}-0{n}", n) for s in ("s1", "s2") for n in range(3)]
    assert rows[0].rendered() == rows[2].rendered() != rows[3].rendered()


def test_an_answer_becomes_the_field_of_its_step() -> None:
    assert read(BRAINSTORM, TEXT.replace("My", "Her").replace("I was", "she was")).keys() == {"story"}
    assert read(EXPLAIN, TEXT) == {"explanation": TEXT}
    assert read(RESPOND, TEXT, "plain") == {"response": TEXT, "reasoning": ""}


@pytest.mark.parametrize("prompt", ["coe_cbt", "coe_dbt", "coe_pct", "coe_rt"])
def test_a_prompt_that_asks_for_notes_gets_them_apart_from_the_response(prompt: str) -> None:
    notes = "The person feels ashamed and thinks that one mistake decides everything."
    assert read(RESPOND, f"Reasoning: {notes}\nResponse: {TEXT}", prompt) == {"response": TEXT, "reasoning": notes}
    assert read(RESPOND, TEXT, prompt) == "no_response_after_reasoning"
    assert read(RESPOND, f"Reasoning: {notes}", prompt, "length") == "cut_at_max_tokens"


def test_refused_answers_have_reasons_that_the_metrics_list() -> None:
    reasons = [
        read(EXPLAIN, TEXT, reason="length"), read(EXPLAIN, "  "), read(EXPLAIN, "Too short."),
        read(EXPLAIN, "Ann was late, and her manager shouted at her because of that until she went home."),
    ]
    assert reasons == ["cut_at_max_tokens", "empty", "too_short", "not_first_person"]
    assert set(reasons) < set(REASONS)


class Backend:
    """Answers each request but those whose ids end as `refuses`, which get an empty text."""

    version = "fake 1"

    def __init__(self, refuses: str) -> None:
        self.refuses = refuses

    def complete(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[Completion]:
        for request in reversed(requests):
            yield Completion(request.id, "" if request.id.endswith(self.refuses) else TEXT, "stop", 3, 20)

    def close(self) -> None:
        pass


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runner, "open_backend", lambda *_: Backend("1"))
    return PARAMS.machine.model_copy(update={"store": str(tmp_path / "s.sqlite")})


def made(step: GenerationStep, records: Sequence[Record], machine: Machine, samples: int | None = None, **changes: Any) -> Any:
    name = "plain" if step is RESPOND else "default"
    settings = settings_of(step, **changes)
    engine = Engine(backend="transformers")
    return generate(step, records, prompt_of(step, name), settings, engine, machine, DOMAIN.wording, samples)


def test_rows_that_go_on_hold_what_came_before_and_who_wrote_them(machine: Machine) -> None:
    [story, *more] = made(BRAINSTORM, [SEED], machine, 3).rows()
    assert story == {
        "id": "s1-00", "seed_id": "s1", "category": "Work", "severity": 4.5, "source": "t", "region": "north",
        "seed": "I missed the bus.", "story": TEXT, "model": "org/a",
    }
    assert [row["id"] for row in more] == ["s1-02"]
    [explanation] = made(EXPLAIN, [Story.model_validate(story)], machine).rows()
    assert explanation == story | {"explanation": TEXT, "explanation_model": "org/a"}
    [pair] = made(RESPOND, [Explanation.model_validate(explanation)], machine).rows()
    assert pair == explanation | {"response": TEXT, "reasoning": "", "response_model": "org/a"}
    assert Pair.model_validate(pair)


def test_rows_are_conserved_in_order_and_given_up_with_a_reason(machine: Machine) -> None:
    seeds = [SEED.model_copy(update={"id": f"s{n}"}) for n in range(12)]
    done = made(BRAINSTORM, seeds, machine)
    assert [row["id"] for row in done.rows()] == [seed.id for seed in seeds if not seed.id.endswith("1")]
    assert [(row["id"], row["reason"]) for row in done.dropped] == [("s1", "empty"), ("s11", "empty")]
    metrics = done.metrics()
    assert (metrics["rows_in"], metrics["rows_out"], metrics["asked_again"]) == (12, 10, 2)
    assert set(metrics["dropped"]) == set(REASONS) and sum(metrics["dropped"].values()) == metrics["dropped"]["empty"] == 2


def test_each_row_of_a_mixture_names_the_model_that_its_id_picks(machine: Machine) -> None:
    models = [WeightedModel(model=name, revision=COMMIT, weight=weight) for name, weight in (("org/a", 2), ("org/b", 1))]
    seeds = [SEED.model_copy(update={"id": f"s{n}0"}) for n in range(30)]
    rows = list(made(BRAINSTORM, seeds, machine, models=models).rows())
    mixture = [Model(one.model, one.revision, weight=one.weight) for one in models]
    assert [row["model"] for row in rows] == [mixture[place_of(row["id"], mixture)].name for row in rows]
    assert {row["model"] for row in rows} == {"org/a", "org/b"}


def test_the_table_holds_each_step_under_its_name() -> None:
    assert {name: step.field for name, step in STEPS.items()} == {
        "brainstorm": "story", "explain": "explanation", "respond": "response",
    }
