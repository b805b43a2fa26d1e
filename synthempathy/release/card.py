"""The dataset card: `card.md.jinja` filled with the figures and the params; no number stands in the template."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from synthempathy.project.params import Params
from synthempathy.release.figures import CorpusFigures, EmpathyFigures, RowFigures

#: The fields of every released row, all text, and what they hold.
FIELDS = {
    "id": "the pair, unique in the corpus",
    "seed_id": "the seed that the story grew from; all rows of a seed stand in one split",
    "category": "the kind of stress, of the seed",
    "seed": "the stress sentence",
    "story": "a story that a model imagined from the seed",
    "explanation": "the story as the person tells it to a listener",
    "response": "an empathetic answer to the explanation",
    "reasoning": "the model's notes before it answered (Chain of Empathy), or empty; no part of the answer",
    "model": "the model that wrote the story",
    "explanation_model": "the model that wrote the explanation",
    "response_model": "the model that wrote the response",
}

SIZE_NAMES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M")


def dataset_card(
    params: Params,
    rows: Mapping[str, int],
    corpus: CorpusFigures,
    dedup: RowFigures,
    filtered: RowFigures,
    empathy: EmpathyFigures,
) -> str:
    """README.md as the Hugging Face Hub reads it: a YAML header, then Markdown. `rows` is rows a split."""
    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, autoescape=False,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )
    env.filters |= {"figure": figure, "percent": percent, "cell": cell, "quoted": quoted}
    card: str = env.get_template("card.md.jinja").render(
        params=params, rows=rows, corpus=corpus, dedup=dedup, filtered=filtered, empathy=empathy,
        fields=FIELDS, size=size_category(corpus.pairs),
        steps={"stories": params.brainstorm, "explanations": params.explain, "responses": params.respond},
        topics=params.filter.topics.model_dump(), gain=gain_in_words(empathy, params.evaluate.bootstrap_samples),
    )
    return card


def gain_in_words(empathy: EmpathyFigures, samples: int) -> str:
    """One sentence on tuned against base: the gain, how sure it is, and what is not defined."""
    if empathy.gain_percent is None:
        gain = f"The gain in percent is not defined: {empathy.note or 'the base model scores zero'}"
    else:
        low, high = (
            "no bound" if end is None else f"{end:+.1f}%" for end in (empathy.gain_ci_low, empathy.gain_ci_high)
        )
        gain = (
            f"Tuned against base: {empathy.gain_percent:+.1f}%, interval from {low} to {high} "
            f"({samples:,} bootstrap samples over pairs)"
        )
    return gain + (f"; p {empathy.p_value:.2g} (paired)." if empathy.p_value is not None else ".")


def size_category(pairs: int) -> str:
    """The Hub's name for the number of rows.

    >>> size_category(999), size_category(1000), size_category(105578)
    ('n<1K', '1K<n<10K', '100K<n<1M')
    """
    return SIZE_NAMES[min(max(len(str(pairs)) - 3, 0), len(SIZE_NAMES) - 1)]


def figure(value: float, digits: int = 3) -> str:
    """A number for people: whole ones in full, others to `digits` places.

    >>> figure(105578), figure(0.1234567), figure(153.7421, 1)
    ('105,578', '0.123', '153.7')
    """
    return f"{value:,}" if isinstance(value, int) else f"{value:,.{digits}f}"


def percent(value: float) -> str:
    """A share as a percentage.

    >>> percent(0.0831)
    '8.3%'
    """
    return f"{100 * value:.1f}%"


def cell(text: object) -> str:
    """Text inside a Markdown table: on one line, with bars that do not end the cell."""
    return " ".join(str(text).split()).replace("|", "\\|")


def quoted(text: str) -> str:
    """Text as a YAML string: JSON's form is YAML's too."""
    return json.dumps(text, ensure_ascii=False)
