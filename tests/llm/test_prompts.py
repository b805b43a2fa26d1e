"""Prompts: two blocks, strict variables, data never read as Jinja."""

from pathlib import Path

import pytest

from synthempathy.core.errors import PromptError
from synthempathy.llm.prompts import load_prompt

GOOD = "{% block system %}Be kind.{% endblock %}\n{% block user %}Answer: {{ explanation }}{% endblock %}"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "p.jinja"
    path.write_text(text)
    return path


def test_messages_hold_both_parts(tmp_path):
    messages = load_prompt(written(tmp_path, GOOD)).messages(explanation="I am tired.")
    assert messages == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Answer: I am tired."},
    ]


def test_data_is_never_read_as_a_template(tmp_path):
    text = "{{ 7 * 7 }} {% block x %}"
    assert load_prompt(written(tmp_path, GOOD)).messages(explanation=text)[1]["content"] == f"Answer: {text}"


def test_an_empty_system_block_is_left_out(tmp_path):
    prompt = load_prompt(written(tmp_path, GOOD.replace("Be kind.", "")))
    assert [m["role"] for m in prompt.messages(explanation="x")] == ["user"]


def test_an_unknown_variable_names_file_line_and_choice(tmp_path):
    path = written(tmp_path, GOOD.replace("explanation", "explanatoin"))
    with pytest.raises(PromptError, match=r"p\.jinja:2: undefined variable \(got 'explanatoin'\).*explanation"):
        load_prompt(path).check({"explanation": "x"})


def test_a_missing_value_is_an_error(tmp_path):
    with pytest.raises(PromptError, match="explanation"):
        load_prompt(written(tmp_path, GOOD)).messages(story="x")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{% block system %}x{% endblock %}", "no user block"),
        ("plain words", "no system and no user block"),
        ("{% block user %}", "not Jinja"),
    ],
)
def test_a_malformed_prompt_is_named(tmp_path, text, said):
    with pytest.raises(PromptError, match=said):
        load_prompt(written(tmp_path, text))


def test_a_missing_prompt_lists_those_there(tmp_path):
    written(tmp_path, GOOD)
    with pytest.raises(PromptError, match="there are: p"):
        load_prompt(tmp_path / "q.jinja")


def test_every_prompt_of_the_project_renders():
    root = Path(__file__).parents[2] / "prompts"
    values = {"sentence": "s", "category": "c", "story": "t", "seed": "d", "explanation": "e"}
    found = sorted(path for step in ("brainstorm", "explain", "respond") for path in (root / step).glob("*.jinja"))
    assert {p.stem for p in found} >= {"plain", "coe_cbt", "coe_dbt", "coe_pct", "coe_rt", "default"}
    for path in found:
        assert load_prompt(path).messages(**values)
