"""params.yaml: each mistake is one error that names file, line, key and the way out."""

import shutil
from pathlib import Path

import pytest

from synthempathy.core.errors import ParamsError
from synthempathy.core.params import line_of, plain, read_mapping
from synthempathy.project.params import NAMING, Params, load_params

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "profiles").mkdir()
    shutil.copytree(ROOT / "domains", tmp_path / "domains")
    for name in ("params.yaml", "dvc.yaml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    for profile in (ROOT / "profiles").glob("*.yaml"):
        (tmp_path / "profiles" / profile.name).write_text(profile.read_text())
    return tmp_path


def edited(folder: Path, old: str, new: str) -> Path:
    path = folder / "params.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


@pytest.mark.parametrize("profile", sorted(p.stem for p in (ROOT / "profiles").glob("*.yaml")))
def test_every_profile_of_the_project_is_valid_and_names_every_section(profile):
    load_params(ROOT / "params.yaml", profile=profile)
    text = (ROOT / "profiles" / f"{profile}.yaml").read_text()
    for section in set(Params.model_fields) - NAMING:  # DVC fails on a section that a profile lacks
        assert f"\n{section}:" in text, section


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("respond:  #", "respnd:  #", "respnd.*unknown key.*did you mean 'respond'|respond.*missing"),
        ("  attempts: 8  #", "  attemps: 8  #", "brainstorm.attemps.*unknown key.*did you mean 'attempts'|missing"),
        ("temperature: 0.7", "temperature: 9", r"params.yaml:\d+: field 'brainstorm.sampling.temperature'.*got 9"),
        ("top_p: 0.95", "top_p: 0", r"top_p.*greater than 0.*got 0"),
        (
            "stories_per_seed: 4",
            "stories_per_seed: many",
            r"params.yaml:\d+: field 'brainstorm.stories_per_seed'.*'many'",
        ),
        ("profile: embedded", "profile: embeded", "no such profile.*embeded.*there are: embedded, paper"),
        ("profile: embedded", "profile: " + "e" * 300, "no such profile.*there are: embedded, paper"),
        ("min_words: 50", "min_words: 500", "min_words 500 is above max_words 180"),
        ("validation: 0.12", "validation: 0.9", "leave nothing to train on"),
        ("prompt: coe_cbt", "prompt: ../secrets", "respond.prompt"),
        ("seeds:\n", "seeds: [\n", "not YAML"),
    ],
)
def test_a_mistake_is_named(folder, old, new, said):
    with pytest.raises(ParamsError, match=said) as caught:
        load_params(edited(folder, old, new))
    assert "\n" not in str(caught.value)


def test_a_mistake_that_came_by_a_merge_is_named_where_it_came_to(folder):
    path = edited(folder, "  batch_size: 8", "  <<: {batch_sise: 8}\n  batch_size: 8")
    line = next(i for i, text in enumerate(path.read_text().splitlines(), 1) if text.startswith("finetune:"))
    with pytest.raises(ParamsError, match=rf"params\.yaml:{line}: field 'finetune\.batch_sise': unknown key; did you mean"):
        load_params(path)


def test_the_line_is_the_keys_own(folder):
    path = edited(folder, "  batch_size: 8", "  batch_size: 0")
    line = next(i for i, text in enumerate(path.read_text().splitlines(), 1) if "batch_size: 0" in text)
    with pytest.raises(ParamsError, match=rf"params\.yaml:{line}: field 'finetune\.batch_size'"):
        load_params(path)


def test_a_profile_lies_over_params(folder):
    (folder / "profiles" / "embedded.yaml").write_text("brainstorm:\n  sampling:\n    temperature: 0.5\n")
    loaded, usual = load_params(folder / "params.yaml"), load_params(ROOT / "params.yaml")
    assert loaded.brainstorm.sampling.temperature == 0.5 != usual.brainstorm.sampling.temperature
    assert loaded.brainstorm.sampling.top_p == usual.brainstorm.sampling.top_p


def test_a_mistake_in_a_profile_names_the_profile(folder):
    (folder / "profiles" / "embedded.yaml").write_text("brainstorm:\n  sampling:\n    temprature: 0.5\n")
    with pytest.raises(ParamsError, match=r"embedded\.yaml:3: .*temprature.*did you mean 'temperature'"):
        load_params(folder / "params.yaml")


def test_a_profile_may_not_set_what_dvc_reads_from_params(folder):
    (folder / "profiles" / "embedded.yaml").write_text("respond:\n  prompt: plain\n")
    with pytest.raises(ParamsError, match=r"embedded\.yaml:2: field 'respond\.prompt'.*set it in"):
        load_params(folder / "params.yaml")


def test_yaml_12_numbers(folder):
    assert load_params(edited(folder, "learning_rate: 0.0005", "learning_rate: 5e-4")).finetune.learning_rate == 0.0005


def test_comments_between_a_key_and_its_value_are_no_error(tmp_path: Path) -> None:
    """ruamel's own scanner ends in NotImplementedError where two comments meet (found by `make fuzz`)."""
    (tmp_path / "p.yaml").write_text("seeds:  # a comment\n  two\n  lines\n\nsplit:  # another\n  seed: 3\n", encoding="utf-8")
    found = read_mapping(tmp_path / "p.yaml")
    assert plain(found) == {"seeds": "two lines", "split": {"seed": 3}} and line_of(found["split"], "seed") == 6
