"""dvc.yaml as the spine: described, checked, and the README's parts made from it."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from synthempathy.core.errors import InputError
from synthempathy.project.docs import diagram, stage_table, update
from synthempathy.project.params import Params

ROOT = Path(__file__).parents[2]
STAGES = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"]


def test_every_stage_says_what_it_does():
    assert all(stage["desc"] for stage in STAGES.values())


def test_every_file_a_stage_reads_is_a_dep_and_every_file_it_writes_an_out():
    for name, stage in STAGES.items():
        keys = ("outs", "plots", "metrics")
        written = [o if isinstance(o, str) else next(iter(o)) for key in keys for o in stage.get(key, [])]
        paths = [word for word in stage["cmd"].split()[3:] if word != "\\"]
        assert set(paths) <= set(stage["deps"]) | set(written), name
        assert set(written) <= set(paths), name


def test_params_sections_exist():
    known = set(Params.model_fields)
    for stage in STAGES.values():
        for param in stage.get("params", []):
            if isinstance(param, str):
                assert param.split(".")[0] in known


def test_every_stage_depends_on_its_room():
    for name, stage in STAGES.items():
        module = stage["cmd"].split()[2].split(".")
        room = f"stages/{module[1]}" if len(module) > 2 else f"stages/{module[1]}.py"
        assert room in stage["deps"], name


def test_the_readme_is_up_to_date():
    update(ROOT / "README.md", ROOT / "dvc.yaml", check=True)


def test_a_stale_readme_is_named_and_mended(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(
        "# x\n<!-- generated: stages -->\nold\n<!-- end -->\n<!-- generated: diagram -->\n<!-- end -->\nrest\n"
    )
    with pytest.raises(InputError, match="make docs"):
        update(readme, ROOT / "dvc.yaml", check=True)
    update(readme, ROOT / "dvc.yaml", check=False)
    update(readme, ROOT / "dvc.yaml", check=True)
    assert stage_table(STAGES) in readme.read_text()
    assert diagram(STAGES) in readme.read_text()
    assert readme.read_text().endswith("rest\n")
