"""The dataset card: each number comes from a metrics file or a parameter, and each metric reaches the card."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from stages.release import SECTIONS
from synthempathy.domain.description import Domain
from synthempathy.llm.params import WeightedModel
from synthempathy.project.params import Params, load_params
from synthempathy.release.card import FIELDS, dataset_card, gain_sentence
from synthempathy.release.datasheet import Datasheet
from synthempathy.release.metrics import CorpusMetrics, EvaluationMetrics, RowMetrics
from tests.helpers.empathy import DOMAIN

ROOT = Path(__file__).parents[2]
PARAMS = load_params(ROOT / "params.yaml")
SYSTEM = {"er": 0.511, "ip": 0.622, "ex": 0.733, "mean": 0.6221, "std": 0.317, "pairs": 41}

METRICS: dict[str, dict[str, Any]] = {
    "corpus": {
        "pairs": 1712, "seeds": 53, "stories": 1703,
        "explanation_words_mean": 81.2, "explanation_words_std": 12.3, "explanation_words_median": 80.6,
        "response_words_mean": 141.4, "response_words_std": 25.5, "response_words_median": 139.7,
        "vocabulary": 4321, "distinct_1": 0.0123, "distinct_2": 0.1234, "mattr": 0.7123,
        "distinct_3": 0.2345, "self_bleu": 0.4567, "compression_ratio": 3.21,
        "top_closing_share": 0.2917, "top_sentence_share": 0.3917,
        "explanation_flesch_kincaid_grade": 4.3, "explanation_near_duplicate_share": 0.0212,
        "response_flesch_kincaid_grade": 5.4, "response_near_duplicate_share": 0.0323,
        "top_opening_share": 0.3217, "question_share": 0.8642, "response_distinct_share": 0.9531,
        "categories": {"Work": 1111, "School | home": 601},
        "models": {"story": {"org/a": 1712}, "explanation": {"org/b": 1712}, "response": {"org/c": 900, "org/d": 812}},
        "paper": {"pairs": 105578, "explanation_words_mean": 95.5, "response_words_mean": 153.7},
    },
    "dedup": {"rows_in": 2222, "rows_out": 2002, "dropped": {"exact": 99, "near": 121, "substring": 0}},
    "filtered": {"rows_in": 1990, "rows_out": 1712, "dropped": {"refusal": 278}},
    "empathy": {
        "base": SYSTEM, "tuned": {k: v * 2 for k, v in SYSTEM.items()}, "corpus": {k: v * 3 for k, v in SYSTEM.items()},
        "gain_percent": 21.4, "gain_ci_low": 12.6, "gain_ci_high": 30.2, "p_value": 0.0042,
    },
}


SHEET: Datasheet = {"Motivation": {"Who made it?": "Two of us.\n\nAnd a cat.", "Who paid?": None}}


def card_of(
    metrics: dict[str, dict[str, Any]], params: Params = PARAMS, sheet: Datasheet = SHEET, domain: Domain = DOMAIN
) -> str:
    return dataset_card(
        params.model_dump(include=set(SECTIONS)), {"train": 1300, "validation": 201, "test": 211},
        CorpusMetrics.model_validate(metrics["corpus"]), RowMetrics.model_validate(metrics["dedup"]),
        RowMetrics.model_validate(metrics["filtered"]), EvaluationMetrics.model_validate(metrics["empathy"]), domain,
        sheet,
    )


def leaves(value: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, below in value.items():
        if isinstance(below, dict):
            yield from leaves(below, (*path, key))
        else:
            yield (*path, key)


@pytest.mark.parametrize("path", list(leaves(METRICS)), ids=".".join)
def test_every_figure_reaches_the_card(path: tuple[str, ...]) -> None:
    changed = copy.deepcopy(METRICS)
    place: Any = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] += 7777
    assert card_of(changed) != card_of(METRICS)


def test_no_number_is_typed_into_the_template() -> None:
    template = (ROOT / "synthempathy" / "release" / "card.md.jinja").read_text()
    prose = template.split("## Citation")[0]
    for computed in (r"```.*?```", r"\{\{.*?\}\}", r"\{%.*?%\}", r"\{#.*?#\}"):
        prose = re.sub(computed, "", prose, flags=re.DOTALL)
    assert re.findall(r"\d+", prose) == []


def test_figures_stand_where_they_belong() -> None:
    card = card_of(METRICS)
    for line in (
        "| train | 1,300 |",
        "| pairs | 1,712 | 105,578 |",
        "| words per response, mean | 141.4 | 153.7 |",
        "| School \\| home | 601 |",
        "- responses: `org/c` 900, `org/d` 812",
        "Stories that repeat an earlier one: 220 of 2,222; 2,002 were kept.",
        "| refusal | 278 |",
        "| base model | 41 | 0.511 | 0.622 | 0.733 | 0.622 | 0.317 |",
        "| responses with a question mark | 86.4% |",
        "| Flesch-Kincaid grade (years of school), mean | 4.3 | 5.4 |",
    ):
        assert line in card.splitlines()
    assert "| substring |" not in card
    assert (
        "tuned over base: +21.4% (95% interval 12.6 to 30.2); p = 0.0042 (interval: 10,000 bootstrap samples of whole seeds; "
        "p: 10,000 random sign flips of whole seeds)."
    ) in card


def test_a_near_duplicate_rate_that_was_not_worked_out_is_left_out() -> None:
    off = {f"{text}_near_duplicate_share": None for text in ("explanation", "response")}
    assert "2.1% | 3.2% |" in card_of(METRICS)
    assert "near duplicates" not in card_of({**METRICS, "corpus": METRICS["corpus"] | off})


def test_a_grade_that_is_not_measured_in_the_language_is_left_out() -> None:
    off = {f"{text}_flesch_kincaid_grade": None for text in ("explanation", "response")}
    assert "Flesch-Kincaid" in card_of(METRICS)
    assert "Flesch-Kincaid" not in card_of({**METRICS, "corpus": METRICS["corpus"] | off})


def test_what_no_rule_looked_for_in_the_language_is_said() -> None:
    said = "know English alone"
    assert said not in card_of(METRICS) and "a trained classifier" in card_of(METRICS)
    card = card_of(METRICS, domain=DOMAIN.model_copy(update={"language": "de"}))
    assert said in card and "Sensitive topics (" not in card and "a trained classifier" not in card and "in German" in card


def test_parameters_are_shown() -> None:
    card = card_of(METRICS)
    for step in (PARAMS.brainstorm, PARAMS.explain, PARAMS.respond):
        assert f"| `{step.model}`" in card and f"/{step.prompt}.jinja` | {step.sampling.temperature} |" in card
    for topic, policy in PARAMS.filter.topics.model_dump().items():
        assert f"{topic.replace('_', ' ')}: {policy['explanation']} / {policy['response']}" in card


def test_header_is_what_the_hub_reads() -> None:
    opening, header, body = card_of(METRICS).split("---\n", 2)
    assert opening == "" and body.startswith("\n# ")
    read = YAML(typ="safe").load(header)
    assert read["language"] == ["en"] and read["size_categories"] == ["1K<n<10K"]
    assert (read["pretty_name"], read["license"]) == (PARAMS.release.name, PARAMS.release.license)
    assert read["configs"][0]["data_files"] == [
        {"split": split, "path": f"data/{split}.parquet"} for split in ("train", "validation", "test")
    ]
    assert [f["name"] for f in read["dataset_info"]["features"]] == list(FIELDS)


@pytest.mark.parametrize(
    ("pairs", "name"),
    [(1, "n<1K"), (999, "n<1K"), (10_000, "10K<n<100K"), (999_999, "100K<n<1M"), (10**9, "10M<n<100M")],
)
def test_size_is_named_by_the_number_of_pairs(pairs: int, name: str) -> None:
    assert f'- "{name}"\n' in card_of({**METRICS, "corpus": METRICS["corpus"] | {"pairs": pairs}})


def test_what_the_parameters_change_in_the_method_is_said() -> None:
    plain = card_of(METRICS)
    assert "were dropped; each remaining" in plain and "masked" not in plain and "(rules, a trained classifier)" in plain
    changed = PARAMS.model_copy(update={
        "dedup": PARAMS.dedup.model_copy(
            update={"substring": PARAMS.dedup.substring.model_copy(update={"action": "trim"})}
        ),
        "filter": PARAMS.filter.model_copy(update={
            "personal_data": "mask", "classifier": PARAMS.filter.classifier.model_copy(update={"enabled": False}),
        }),
        "respond": PARAMS.respond.model_copy(update={"models": [
            WeightedModel(model="org/a", revision="abc", weight=2.0), WeightedModel(model="org/b"),
        ]}),
    })
    card = card_of(METRICS, changed)
    assert "were trimmed or dropped; each remaining" in card and "masked, as in `[EMAIL]`" in card and "(rules)" in card
    assert "| responses | `org/a` at `abc` (weight 2), `org/b` (weight 1) |" in card


def test_the_datasheet_shows_answers_and_marked_blanks() -> None:
    card = card_of(METRICS)
    assert "### Motivation\n\n**Who made it?**\n\nTwo of us.\n\nAnd a cat.\n" in card
    assert "**Who paid?**\n\n> *Not answered" in card and "Questions without an answer yet: 1." in card
    assert "without an answer" not in card_of(METRICS, sheet={"Motivation": {"Who made it?": "Us."}})


def test_a_citation_of_its_own_stands_before_the_method_s() -> None:
    cited = PARAMS.model_copy(update={"release": PARAMS.release.model_copy(update={"citation": "@misc{ours}"})})
    before, after = card_of(METRICS, cited).split("The method:")
    assert "@misc{ours}" in before and "@misc{chen2025" in after


def test_a_gain_that_is_not_defined_is_said() -> None:
    def sentence(**changed: Any) -> str:
        return gain_sentence(EvaluationMetrics.model_validate(METRICS["empathy"] | changed), "empathy", 100)

    none = dict.fromkeys(("gain_percent", "gain_ci_low", "gain_ci_high", "p_value"))
    assert sentence(**none, note="base is 0") == "Gain in mean empathy, tuned over base: not defined (base is 0)."
    assert "+21.4% (95% interval 12.6 to no bound); p" in sentence(gain_ci_high=None)
    one_seed = sentence(gain_ci_low=None, gain_ci_high=None, note="all pairs are of one seed")
    assert one_seed.endswith("+21.4% (all pairs are of one seed); p = 0.0042 (p: 100 random sign flips of whole seeds).")


def test_nothing_dropped_leaves_no_empty_table() -> None:
    kept = {"rows_in": 1712, "rows_out": 1712, "dropped": {"refusal": 0}}
    card = card_of({**METRICS, "dedup": kept, "filtered": kept})
    assert card.count("0 of 1,712; 1,712 were kept.") == 2 and "| reason | rows |" not in card
