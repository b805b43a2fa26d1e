"""Files of many texts are read as libyaml reads them, and mean what the reader of YAML 1.2 says that they mean."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from synthempathy.core.errors import ParamsError
from synthempathy.core.large_yaml import read_model
from synthempathy.core.params import ParamsFile, read_mapping
from synthempathy.filters.classifier.templates import _Kinds

ROOT = Path(__file__).parents[2]


class Texts(BaseModel):
    model_config = ConfigDict(extra="forbid")

    texts: list[str]
    on: bool = False


@pytest.mark.parametrize("path", sorted((ROOT / "data/safety/hate").glob("*.yaml"))[::9], ids=lambda path: path.stem)
def test_both_readers_read_the_same(path):
    assert read_model(path, _Kinds) == ParamsFile(path, read_mapping(path)).whole(_Kinds)


@pytest.mark.parametrize("word", ["no", "Yes", "off", "12:30:45", "2020-01-01", "~", "1e3", "0x1F", "0o17", "null", "=", "<<"])
def test_a_bare_word_is_what_yaml_1_2_says(word, tmp_path):
    path = tmp_path / "texts.yaml"
    path.write_text(f"texts:\n- a\n- {word}\n")
    try:
        expected = ParamsFile(path, read_mapping(path)).whole(Texts)
    except ParamsError as error:
        with pytest.raises(ParamsError) as raised:
            read_model(path, Texts)
        assert str(raised.value) == str(error)
    else:
        assert read_model(path, Texts) == expected


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co"))), max_size=4))
def test_quoted_texts_come_as_they_are_written(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("yaml") / "texts.yaml"
    path.write_text(yaml.safe_dump({"texts": texts}, default_style='"', allow_unicode=True), encoding="utf-8")
    assert read_model(path, Texts).texts == texts


@pytest.mark.parametrize(("text", "line", "says"), [
    ("texts:\n- a\ntexts:\n- b\n", 3, "duplicate key"),
    ("texts:\n- a\n-b\n", 4, "not YAML"),
    ("texts:\n- a\nother: 1\n", 3, "unknown key"),
    ("texts:\n- a\n- [b]\n", 1, "string"),
    ("texts: &a [b]\non: *c\n", 2, "not YAML"),
    ("- a\n", 1, "mapping"),
])
def test_a_mistake_is_one_error_with_its_line(text, line, says, tmp_path):
    path = tmp_path / "texts.yaml"
    path.write_text(text)
    with pytest.raises(ParamsError) as raised:
        read_model(path, Texts)
    assert raised.value.line == line and says in str(raised.value)


def test_aliases_that_multiply_are_refused(tmp_path):
    path = tmp_path / "texts.yaml"
    names = "abcdefgh"
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{name}: &{name} [{', '.join(['*' + before] * 10)}]" for before, name in zip(names, names[1:], strict=False)]
    path.write_text("\n".join([*lines, "texts: [x]", ""]))
    with pytest.raises(ParamsError, match="values"):
        read_model(path, Texts)
