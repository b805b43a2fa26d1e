"""What check runs: errors gathered, each once; the models that each stage reads. (tests/stages/test_check.py: the whole.)"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from synthempathy.core.errors import InputError, ModelError, run_all
from synthempathy.project.inputs import model_folders
from synthempathy.project.params import Params, load_params

ROOT = Path(__file__).parents[2]


def failing(error: Exception) -> Callable[[], None]:
    def check() -> None:
        raise error

    return check


def test_one_error_is_raised_as_it_is_and_once() -> None:
    with pytest.raises(InputError, match=r"^a: wrong$"):
        run_all([lambda: None, failing(InputError("wrong", file="a")), failing(InputError("wrong", file="a"))])


def test_several_errors_come_together_in_their_order() -> None:
    with pytest.raises(ExceptionGroup) as raised:
        run_all([failing(ModelError("b")), failing(InputError("wrong", file="a")), lambda: None])
    assert [str(error) for error in raised.value.exceptions] == ["b", "a: wrong"]


def test_a_defect_of_ours_is_not_gathered() -> None:
    with pytest.raises(KeyError):
        run_all([failing(ModelError("b")), failing(KeyError("defect"))])


def changed(params: Params, **changes: object) -> Params:
    """`params` with other values: a__b__c is a.b.c."""
    values = params.model_dump()
    for dotted, value in changes.items():
        *path, key = dotted.split("__")
        section = values
        for name in path:
            section = section[name]
        section[key] = value
    return Params.model_validate(values)


@pytest.mark.parametrize(
    ("stage", "changes"),
    [
        ("brainstorm", {"brainstorm__model": "m"}),
        ("explain", {"explain__models": [{"model": "org/hub"}, {"model": "m"}]}),
        ("respond", {"respond__model": "m"}),
        ("dedup", {"dedup__semantic__enabled": True, "dedup__semantic__model": "m"}),
        ("filter", {"filter__guard__model": "m"}),
        ("scorer", {"scorer__kind": "judge", "scorer__judge__model": "m"}),
        ("scorer", {"scorer__kind": "biencoder", "scorer__biencoder__encoder": "m"}),
        ("finetune", {"finetune__model": "m"}),
        ("evaluate", {"evaluate__also": [{"name": "a", "model": "org/hub", "revision": None, "adapter": "m"}]}),
    ],
)
def test_a_local_model_belongs_to_the_stage_that_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str, changes: dict[str, object]
) -> None:
    params = load_params(ROOT / "params.yaml")
    monkeypatch.chdir(tmp_path)
    Path("m").mkdir()
    assert not any(Path("m") in folders for folders in model_folders(params).values())
    assert Path("m") in model_folders(changed(params, **changes))[stage]


def test_what_a_stage_writes_and_what_a_server_runs_is_no_models_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = changed(load_params(ROOT / "params.yaml"), engine__backend="openai", finetune__model="org/hub")
    monkeypatch.chdir(tmp_path)
    for name in ("models/embedded", "models/safety"):
        Path(name).mkdir(parents=True)
    assert not any(model_folders(params).values())
