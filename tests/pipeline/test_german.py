"""A domain in German through every stage, on a server that answers in German: no row is lost to a rule that means English."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from synthempathy.core.records import dump_records
from tests.helpers.german import DOMAIN, FOLDER, NAME, TOLD, Answering, pairs, settings
from tests.helpers.model_server import ModelServer
from tests.helpers.pairs import ROOT, pair_of
from tests.helpers.params import set_params
from tests.helpers.small_project import clone, commit, ran, run

MODEL, TUNED = "models/embedded", "tuned"
SMALLER = {
    "safety.folds": 2, "scorer.folds": 2, "finetune.epochs": 1, "finetune.max_length": 1000, "evaluate.bootstrap_samples": 200,
}
ENGLISH = (
    "I was late again, and my boss saw me come in. I said that the bus had not come, and he shook his head and went on "
    "with the meeting. I sat down at my desk and I could not think of anything else for the rest of the day.",
    "I am so sorry that your day began like this, and that nobody asked you how you were. It makes sense that you could "
    "not think of anything else. What would you have wanted to say to him when he shook his head?",
)


@pytest.fixture(scope="module")
def german(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The project in German, reproduced once; its server stays."""
    folder = tmp_path_factory.mktemp("german") / "clone"
    answering = Answering()
    with pytest.MonkeyPatch.context() as patch, ModelServer({MODEL: answering, TUNED: answering}) as server:
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.delenv("OPENAI_API_KEY", raising=False)
        clone(folder, **SMALLER)
        shutil.copytree(FOLDER, folder / "domains" / NAME)
        set_params(folder / "params.yaml", **settings(Path("domains", NAME)), **{
            "engine.backend": "openai", "engine.openai.base_url": server.url, "evaluate.adapter_name": TUNED,
        })
        commit(folder)
        ran(run(folder, "dvc", "repro"))
        yield folder


def metrics(project: Path, name: str) -> Any:
    return json.loads((project / f"metrics/{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("stage", ["seeds", "brainstorm", "dedup", "explain", "respond", "filter", "split"])
def test_no_row_is_lost(german: Path, stage: str) -> None:
    found = metrics(german, stage)
    assert found["rows_in"] == found["rows_out"] == (len(DOMAIN.seeds.categories) * 5 if stage == "seeds" else len(TOLD))
    assert not any(found["dropped"].values())


def test_notes_stand_apart_from_the_response(german: Path) -> None:
    rows = [json.loads(line) for line in (german / "data/corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["response"] for row in rows} == {told["response"] for told in TOLD}
    assert {row["reasoning"] for row in rows} == {"Die Person ist erschöpft und braucht einen nächsten Schritt."}


def test_figures_that_are_made_for_english_are_null_and_say_why(german: Path) -> None:
    found = metrics(german, "corpus")
    assert found["response_flesch_reading_ease"] is found["explanation_flesch_kincaid_grade"] is None
    assert "English" in found["readability_note"]
    # "Dr. Krämer", "z. B. den" and "am 3. Oktober" end no sentence: three or four in each text
    assert 3 <= found["explanation_sentences_mean"] <= 5
    topics = (german / "metrics/topics.csv").read_text(encoding="utf-8")
    assert not {"und", "ich", "nicht"} & set(topics.replace(",", " ").split())


def test_the_scorer_learns_german_words_and_scores_all(german: Path) -> None:
    found = metrics(german, NAME)
    assert found["base"]["pairs"] == found["tuned"]["pairs"] == found["corpus"]["pairs"] > 0
    about = json.loads((german / "models/scorer/scorer.json").read_text(encoding="utf-8"))
    assert {"fühlst", "für"} & set(about["words"]) and "hlst" not in about["words"]
    assert "It reads German." in about["about"]["limits"]


def test_the_release_says_its_language(german: Path) -> None:
    card = (german / "data/release/README.md").read_text(encoding="utf-8")
    assert "\nlanguage:\n- de\n" in card and "in German" in card and "Flesch" not in card
    assert json.loads((german / "data/release/croissant.json").read_text(encoding="utf-8"))["inLanguage"] == "de"


def test_the_explorer_marks_its_texts_as_german(german: Path) -> None:
    assert '"language":"de"' in (german / "data/explorer/about.js").read_text(encoding="utf-8").replace(": ", ":")
    assert "lang: explorer.run.language" in (german / "data/explorer/detail.js").read_text(encoding="utf-8")


def test_english_is_another_language(german: Path, tmp_path: Path) -> None:
    english = pair_of(*ENGLISH, id="english", story=TOLD[0]["story"])
    given = tmp_path / "responses.jsonl"
    dump_records(given, [*pairs(), english])
    outputs = [str(tmp_path / name) for name in ("corpus.jsonl", "rejected.jsonl", "filter.json", "queue.jsonl")]
    done = run(german, "python", "-m", "stages.filter", str(given), "data/review/decisions.csv", *outputs)
    assert done.returncode == 0, done.stderr
    assert "no rule knows the words that these need in de" in done.stderr + done.stdout
    [row] = [json.loads(line) for line in Path(outputs[1]).read_text(encoding="utf-8").splitlines()]
    assert (row["id"], row["reason"]) == ("english", "other_language")


def test_the_domain_is_no_part_of_the_project() -> None:
    assert not (ROOT / "domains" / NAME).exists()
