"""The figures of metrics/corpus.json, under the names that `dvc metrics diff` shows, and the tables beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from synthempathy.core.records import Pair
from synthempathy.domain.description import Domain
from synthempathy.statistics import comparison, coverage, readability, templates
from synthempathy.statistics.params import Stats
from synthempathy.statistics.templates import Template
from synthempathy.statistics.topics import topic_map
from synthempathy.text import diversity
from synthempathy.text.minhash import near_duplicates
from synthempathy.text.ngrams import run_hashes
from synthempathy.text.numbered import Integers, NumberedTexts, Vocabulary

MATTR_WINDOW = 100  # words
QUANTILES = {"p5": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}
SHINGLE_WORDS, PERMUTATIONS = 3, 128  # of the share of near duplicates
BIN_WORDS = 10  # of metrics/lengths.csv, and of lengths.vega.json, which draws it

#: The columns of each table.
HEADERS = {
    "lengths": ("kind", "words", "count"),
    "categories": ("category", "pairs"),
    "coverage": ("category", "severity", "pairs"),
    "templates": ("kind", "rank", "text", "responses", "share"),
    "topics": ("topic", "pairs", "terms", "x", "y"),
    "comparison": comparison.HEADER,
}


def measure(pairs: Sequence[Pair], settings: Stats, domain: Domain) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """All figures, and the rows of every table, by the names of HEADERS."""
    wording = domain.wording
    vocabulary = Vocabulary(wording.words.abbreviations)
    responses = vocabulary.texts([pair.response for pair in pairs])
    explanations = vocabulary.texts([pair.explanation for pair in pairs])
    kinds = {"explanation": explanations, "response": responses}
    words = {kind: [len(getattr(pair, kind).split()) for pair in pairs] for kind in kinds}
    found: dict[str, Any] = {
        "pairs": len(pairs),
        "seeds": len({pair.seed_id for pair in pairs}),
        "stories": len({pair.story for pair in pairs}),
    }
    for kind, texts in kinds.items():
        found |= length_figures(kind, words[kind], texts)
    diverse, common = response_diversity(pairs, responses, vocabulary, settings)
    found |= diverse
    syllables = readability.syllable_counts(vocabulary) if wording.english else None
    for kind, texts in kinds.items():
        found |= of_texts(kind, texts, syllables, settings)
    small = None if wording.english else frozenset(map(str.casefold, (*wording.words.small, *wording.voice.pronouns)))
    topics = topic_map(explanations, vocabulary, settings.topics, settings.seed, small)
    found |= {} if wording.english else {"readability_note": readability.NOTE}
    found |= {
        "categories": coverage.category_counts(pairs, domain.seeds.categories),
        "severity": coverage.severity_counts(pairs),
        "models": model_counts(pairs),
        "by_model": by_model(pairs, words["response"], responses, vocabulary, settings),
        "paper": domain.beside.figures if domain.beside else None,
    }
    return found, {
        "lengths": [(k, *bin_) for k in kinds for bin_ in binned(words[k], BIN_WORDS).items()],
        "categories": list(found["categories"].items()),
        "coverage": coverage.coverage(pairs, domain.seeds.categories),
        "templates": ranked(common, len(pairs)),
        "topics": [(f"topic {n}", t.texts, t.terms, t.x, t.y) for n, t in enumerate(topics, start=1)],
        "comparison": comparison.comparison(found, domain),
    }


def length_figures(kind: str, lengths: Sequence[int], texts: NumberedTexts) -> dict[str, float]:
    """Words per text (split at white space, like the limits of the other stages) and sentences per text."""
    words = {f"{kind}_words_{name}": value for name, value in _length_figures(lengths).items()}
    return {**words, f"{kind}_sentences_mean": float(texts.sentences.mean())}


def response_diversity(
    pairs: Sequence[Pair], responses: NumberedTexts, vocabulary: Vocabulary, settings: Stats
) -> tuple[dict[str, float], list[Template]]:
    """How diverse the responses are (shares from 0 to 1), and the templates they share."""
    kinds = len(vocabulary.words)
    texts = [pair.response for pair in pairs]
    shares, found = templates.templates(responses, vocabulary, settings.top_templates)
    distinct = {f"distinct_{n}": diversity.distinct(responses, n, kinds) for n in (1, 2, 3)}
    return {
        "vocabulary": kinds,
        **distinct,
        "mattr": float(diversity.mattr(responses, MATTR_WINDOW).mean()),
        "self_bleu": diversity.self_bleu(texts, settings.self_bleu_sample, settings.seed),
        "compression_ratio": diversity.compression_ratio(texts),
        **shares,
        "question_share": sum("?" in text for text in texts) / len(texts),
        "response_distinct_share": len(set(run_hashes(responses.flat, responses.starts).tolist())) / len(texts),
    }, found


def ranked(found: Sequence[Template], responses: int) -> list[tuple[str, int, str, int, float]]:
    """The templates as rows: kind, rank in its kind, text, responses that hold it, their share."""
    ranks: Counter[str] = Counter()
    rows = []
    for template in found:
        ranks[template.kind] += 1
        share = round(template.responses / responses, 4)
        rows.append((template.kind, ranks[template.kind], template.text, template.responses, share))
    return rows


def of_texts(kind: str, texts: NumberedTexts, syllables: Integers | None, settings: Stats) -> dict[str, float | None]:
    """How easy the texts are to read (null without `syllables`), and the share of near duplicates (null where it is off)."""
    measured = readability.no_readability() if syllables is None else readability.readability(texts, syllables)
    easy = {f"{kind}_{name}": value for name, value in measured.items()}
    limit = settings.near_threshold
    share = None if limit is None else _near_duplicate_share(texts, limit, settings.seed)
    return {**easy, f"{kind}_near_duplicate_share": share}


def model_counts(pairs: Sequence[Pair]) -> dict[str, dict[str, int]]:
    """Pairs by the model that wrote the story, the explanation, the response; `unknown` where none is named."""
    fields = {"story": "model", "explanation": "explanation_model", "response": "response_model"}
    return {
        text: dict(sorted(Counter(_model(pair, field) for pair in pairs).items())) for text, field in fields.items()
    }


def by_model(
    pairs: Sequence[Pair], lengths: Sequence[int], responses: NumberedTexts, vocabulary: Vocabulary, settings: Stats
) -> dict[str, dict[str, Any]]:
    """The responses' main figures for each model that wrote some, measured on its own responses alone."""
    models = np.array([_model(pair, "response_model") for pair in pairs])
    found: dict[str, dict[str, Any]] = {}
    for model in sorted(set(models.tolist())):
        own = np.flatnonzero(models == model)
        rows = own.tolist()
        texts = responses.take(own)
        opening = templates.openings(texts, vocabulary)
        found[_metric_name(model, found)] = {
            "pairs": len(rows),
            "response_words_mean": float(np.mean([lengths[row] for row in rows])),
            "distinct_2": diversity.distinct(texts, 2, len(vocabulary.words)),
            "mattr": float(diversity.mattr(texts, MATTR_WINDOW).mean()),
            "top_opening_share": templates.commonest(opening, settings.top_templates, len(texts))[1],
            "question_share": sum("?" in pairs[row].response for row in rows) / len(rows),
        }
    return found


def _model(pair: Pair, field: str) -> str:
    return str(getattr(pair, field, "unknown"))


def _metric_name(model: str, taken: dict[str, Any]) -> str:
    """A model's name as a key that DVC's dotted names leave whole: org/model-1.5 is org_model-1_5."""
    name = model.replace("/", "_").replace(".", "_")
    while name in taken:
        name += "_"
    return name


def binned(lengths: Sequence[int], width: int) -> dict[int, int]:
    """How many lengths fall into each bin of `width`, by the bin's lower edge, empty bins between included."""
    counts = Counter(length // width * width for length in lengths)
    return {edge: counts[edge] for edge in range(min(counts), max(counts) + 1, width)}


def _length_figures(lengths: Sequence[int]) -> dict[str, float]:
    """Mean, standard deviation (of these texts, not an estimate for others) and quantiles, linear between two."""
    given = np.array(lengths)
    cuts = np.quantile(given, list(QUANTILES.values())).tolist()
    return {"mean": float(given.mean()), "std": float(given.std()), **dict(zip(QUANTILES, cuts, strict=True))}


def _near_duplicate_share(texts: NumberedTexts, threshold: float, seed: int) -> float:
    """The share of texts (0 to 1) that dedup's near method would drop at this threshold; none shorter than a shingle."""
    whole = texts.take(np.flatnonzero(texts.lengths >= SHINGLE_WORDS))
    found = near_duplicates(whole, threshold=threshold, permutations=PERMUTATIONS, shingle_words=SHINGLE_WORDS, seed=seed)
    return len(found) / len(texts)
