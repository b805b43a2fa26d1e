"""Training in a few steps: it resumes to the same weights. The published card is the template filled with the figures."""

import json
from pathlib import Path

import pytest

from synthempathy.core.errors import ParamsError
from synthempathy.core.params import ParamsFile, read_mapping
from synthempathy.demo_model import train as module
from synthempathy.demo_model.params import Recipe
from synthempathy.demo_model.probes import model_card

ROOT = Path(__file__).parents[2]
PATH = ROOT / "stages/demo_model/params.yaml"


@pytest.fixture
def recipe(monkeypatch):
    """The shipped recipe, its sizes cut to seconds."""
    monkeypatch.setattr(module, "TOKENIZER_ROWS", 100)
    monkeypatch.setattr(module, "CHECKPOINT_EVERY", 2)
    values = read_mapping(PATH)
    values["architecture"] |= {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1}
    values["copying"] |= {"steps": 2, "rows": 2}
    for phase in values["phases"]:
        phase |= {"steps": 3, "tokens": 512}
    return ParamsFile(PATH, values).whole(Recipe)


def test_an_interrupted_training_resumes_to_the_same_weights(recipe, tmp_path, monkeypatch):
    whole = module.train(recipe, ROOT / "prompts", tmp_path / "a/trained", tmp_path / "a")
    assert whole["training_tokens"] > 0
    steps, step = [], module._step

    def stopped(*given):
        steps.append(given)
        if len(steps) == 2 + 3 + 3:  # the last step of the second phase, whose first two are in a checkpoint
            raise KeyboardInterrupt
        return step(*given)

    monkeypatch.setattr(module, "_step", stopped)
    with pytest.raises(KeyboardInterrupt):
        module.train(recipe, ROOT / "prompts", tmp_path / "b/trained", tmp_path / "b")
    assert module.train(recipe, ROOT / "prompts", tmp_path / "b/trained", tmp_path / "b") == whole
    weights = [(tmp_path / folder / "trained/model.safetensors").read_bytes() for folder in "ab"]
    assert weights[0] == weights[1]


def test_a_mistake_in_the_recipe_is_named_before_training(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(PATH.read_text().replace("warmup: 100", "warm_up: 100"))
    with pytest.raises(ParamsError, match=r"params.yaml:\d+: field 'phases.0.warm_up': unknown key; did you mean 'warmup'"):
        ParamsFile(path, read_mapping(path)).whole(Recipe)


def test_the_published_card_is_the_template_with_the_figures():
    figures = json.loads((ROOT / "metrics/embedded.json").read_text())
    assert model_card(figures) == (ROOT / "models/embedded/README.md").read_text()
