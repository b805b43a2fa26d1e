"""The tables of what stayed: the corpus, and each test explanation with the answers of all systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from synthempathy.core.records import Pair, Record
from synthempathy.explorer.neighbours import neighbours
from synthempathy.explorer.scores import DECIMALS, Scored
from synthempathy.explorer.search import postings_of
from synthempathy.explorer.showing import Labels, facts_of, model_of, number_in, searched, texts_of
from synthempathy.explorer.table import Choice, Number, write_table


class Answer(Record):
    """A row of data/evaluation.jsonl: what a system answered to a test explanation. Its scores are its numbers."""

    pair_id: str
    category: str
    explanation: str
    system: str
    model: str
    response: str


NEAR_CHARACTERS = 90  # of a neighbour's text, shown beside its link
#: Numbers of an evaluation's row that are no scores.
_NO_SCORES = frozenset(("severity",))


def scores_of(answer: Answer) -> dict[str, float]:
    """The numbers of the row, by name."""
    return {
        name: value for name, found in answer.model_dump().items()
        if name not in _NO_SCORES and (value := number_in(found)) is not None
    }


def write_corpus(folder: Path, splits: Mapping[str, Sequence[Pair]], scores: Scored | None, labels: Labels) -> None:
    """The table `rows`: every pair of the corpus with its split, scores by sentence, and near neighbours."""
    pairs = [pair for rows in splits.values() for pair in rows]
    of_split = [split for split, rows in splits.items() for _ in rows]
    postings = postings_of(searched(pair, labels) for pair in pairs)
    near, likes = neighbours(postings, len(pairs))
    names = list(scores.of) if scores else []
    values = [pair.model_dump() for pair in pairs]
    columns: list[Choice | Number] = [
        Choice("category", "Category", [pair.category for pair in pairs]),
        Choice("split", "Split", of_split),
        Choice("model", "Model", [model_of(one, "response") or model_of(one, "story") for one in values]),
        Number("severity", "Severity", [number_in(one.get("severity")) for one in values]),
        *(Number(name, labels.scores.get(name, name), scores.of[name].tolist()) for name in names if scores),
        Number("words", "Words of the response", [len(pair.response.split()) for pair in pairs]),
    ]

    def row(at: int) -> dict[str, Any]:
        met = [(pairs[other], float(like)) for other, like in zip(near[at], likes[at], strict=True) if other >= 0]
        found: dict[str, Any] = {
            "id": pairs[at].id, "texts": texts_of(pairs[at], labels),
            "facts": [["split", of_split[at]], *facts_of(pairs[at], labels)],
            "near": [[other.id, round(like, DECIMALS), other.explanation[:NEAR_CHARACTERS]] for other, like in met],
        }
        if scores:
            found["scores"] = [round(float(scores.of[name][at]), DECIMALS) for name in names]
            found["sentences"] = scores.sentences[at]
        return found

    write_table(folder, "rows", [pair.id for pair in pairs], columns, postings, row)


def write_compared(folder: Path, answers: Sequence[Answer], scores: Scored | None, labels: Labels) -> list[str]:
    """The table `compared`: each test explanation, and beside one another what each system answered. Gives the score names."""
    groups: dict[str, list[int]] = {}
    for at, answer in enumerate(answers):
        groups.setdefault(answer.pair_id, []).append(at)
    ids = list(groups)
    numbers = [scores_of(answer) for answer in answers]
    names = list(dict.fromkeys(name for one in numbers for name in one))
    systems = list(dict.fromkeys(answer.system for answer in answers))
    by_system = [{answers[at].system: numbers[at] for at in rows} for rows in groups.values()]
    first = [answers[rows[0]] for rows in groups.values()]
    columns: list[Choice | Number] = [
        Choice("category", "Category", [one.category for one in first]),
        Number("severity", "Severity", [number_in(one.model_dump().get("severity")) for one in first]),
        *(
            Number(
                f"{system} {name}", f"{system}: {labels.scores.get(name, name)}",
                [one.get(system, {}).get(name) for one in by_system],
            )
            for name in names for system in systems
        ),
    ]

    def row(at: int) -> dict[str, Any]:
        title = labels.texts.get("explanation", "explanation")
        severity = first[at].model_dump().get("severity")
        known = [["severity", str(severity)]] if severity is not None else []
        return {
            "id": ids[at], "facts": [["category", first[at].category], *known],
            "texts": [{"field": "explanation", "title": title, "text": first[at].explanation}],
            "systems": [{
                "system": answers[n].system, "model": answers[n].model, "text": answers[n].response,
                "scores": [numbers[n].get(name) for name in names],
                **({"sentences": scores.sentences[n]} if scores else {}),
            } for n in groups[ids[at]]],
        }

    texts = ("\n".join([first[at].id, first[at].explanation, *(answers[n].response for n in rows)])
             for at, rows in enumerate(groups.values()))
    write_table(folder, "compared", ids, columns, postings_of(texts), row)
    return names
