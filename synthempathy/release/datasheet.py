"""data/datasheet.yaml: questions that only a person can answer, by section, each with its answer or a blank.

The questions are after Gebru et al., Datasheets for Datasets (Communications of the ACM, 2021). They stand in the file
alone, so that they can be reworded or added to.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from synthempathy.core.errors import ParamsError
from synthempathy.core.params import line_of, read_mapping

#: Section, then question, then its answer; None where nobody has answered yet.
Datasheet = dict[str, dict[str, str | None]]


def read_datasheet(path: Path) -> Datasheet:
    """The questions and answers of the file. ParamsError names the line of what is neither a text nor a blank."""
    values = read_mapping(path)
    return {str(section): _answers(path, values, section) for section in values}


def unanswered(sheet: Datasheet) -> list[str]:
    """The questions without an answer, in the order of the file."""
    return [question for questions in sheet.values() for question, answer in questions.items() if answer is None]


def _answers(path: Path, values: Any, section: Any) -> dict[str, str | None]:
    questions = values[section]
    if not isinstance(questions, dict):
        raise ParamsError(
            "not a mapping of questions to answers", file=path, line=line_of(values, section), field=str(section),
            hint="put each question on a line of its own, indented, with a colon after it",
        )
    found: dict[str, str | None] = {}
    for question, answer in questions.items():
        if answer is not None and not isinstance(answer, str):
            raise ParamsError(
                "an answer is a text, or left blank", file=path, line=line_of(questions, question), field=str(question),
                value=answer, hint="put it in quotes",
            )
        found[str(question)] = (answer or "").strip() or None  # white space alone is a blank
    return found
