"""The dataset card: `card.md.jinja` filled with metrics and parameters; the template itself contains no number."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from synthempathy.domain.description import Domain
from synthempathy.domain.wording import language_name
from synthempathy.release.datasheet import Datasheet, unanswered
from synthempathy.release.metrics import CorpusMetrics, EvaluationMetrics, RowMetrics

#: The fields of every released row, all text, and what they hold; {...} is what the domain calls it.
FIELDS = {
    "id": "the pair, unique in the corpus",
    "seed_id": "the seed that the story grew from; all rows of a seed are in the same split",
    "category": "{category}",
    "seed": "{seed}",
    "story": "{story}",
    "explanation": "{explanation}",
    "response": "{response}",
    "reasoning": "{reasoning}",
    "model": "the model that wrote the story",
    "explanation_model": "the model that wrote the explanation",
    "response_model": "the model that wrote the response",
}

SIZE_NAMES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M")


def dataset_card(
    params: Mapping[str, Any],
    rows: Mapping[str, int],
    corpus: CorpusMetrics,
    dedup: RowMetrics,
    filtered: RowMetrics,
    scores: EvaluationMetrics,
    domain: Domain,
    datasheet: Datasheet,
) -> str:
    """README.md as the Hugging Face Hub reads it: a YAML header, then Markdown.

    `params` holds sections of params.yaml as plain values; `rows` the rows per split.
    """
    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, autoescape=False,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )
    env.filters |= {"figure": figure, "percent": percent, "cell": cell, "quoted": quoted}
    card: str = env.get_template("card.md.jinja").render(
        params=params, rows=rows, corpus=corpus, dedup=dedup, filtered=filtered, scores=scores, domain=domain,
        fields=fields_of(domain), size=size_category(corpus.pairs), description=description(corpus, domain),
        datasheet=datasheet, blanks=len(unanswered(datasheet)),
        gain=gain_sentence(scores, domain.rubric.whole, params["evaluate"]["bootstrap_samples"]),
    )
    return card


def fields_of(domain: Domain) -> dict[str, str]:
    """FIELDS in the domain's words."""
    return {name: meaning.format(**domain.texts.model_dump()) for name, meaning in FIELDS.items()}


def description(corpus: CorpusMetrics, domain: Domain) -> str:
    """What the data set is, in the words that begin the card and stand in croissant.json."""
    own = domain.corpus
    article = "an" if own.kind[0] in "aeiou" else "a"
    return (
        f"{figure(corpus.pairs)} pairs of an explanation and {article} {own.kind} response, "
        f"in {language_name(domain.language)}, written by language models without crowdsourcing. Each pair grew from one of "
        f"{figure(corpus.seeds)} short sentences about {own.about}. {own.method}"
    )


def gain_sentence(scores: EvaluationMetrics, whole: str, samples: int) -> str:
    """The gain of tuned over base, and how its interval and p were computed, each where it is defined."""
    text = f"Gain in mean {whole.replace('_', ' ')}, tuned over base: {scores.gain(digits=1)}"
    methods = []
    if scores.gain_ci_low is not None:
        methods.append(f"interval: {samples:,} bootstrap samples of whole seeds")
    if scores.p_value is not None:
        text += f"; p = {scores.p_value:.2g}"
        methods.append(f"p: {samples:,} random sign flips of whole seeds")
    return f"{text} ({'; '.join(methods)})." if methods else f"{text}."


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
