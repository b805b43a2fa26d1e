"""dvc.yaml as the spine: described, checked, and parts of the README generated from it."""

import shlex
from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from synthempathy.project.docs import diagram, read_stages, stage_table, update, written_files
from synthempathy.project.params import Params

ROOT = Path(__file__).parents[2]
STAGES = read_stages(ROOT / "dvc.yaml")


def test_every_stage_says_what_it_does():
    assert all(stage["desc"] for stage in STAGES.values())


def test_every_file_a_stage_reads_is_a_dep_and_every_file_it_writes_an_out():
    for name, stage in STAGES.items():
        written = written_files(stage)
        command = stage["cmd"].replace("{domain}", "empathy").replace("{prompts}", "prompts")
        paths = {word for word in shlex.split(command)[3:] if "{" not in word}  # {seeds.path}: from params, by the stage
        declared = {*stage["deps"], *written}
        folders = {str(parent) for path in declared for parent in Path(path).parents}  # data/safety: its files are the deps
        assert paths - {"models/named", "dvc.yaml"} <= declared | folders, name
        assert set(written) <= paths, name


def test_params_sections_exist():
    known = set(Params.model_fields)
    for stage in STAGES.values():
        for param in stage.get("params", []):
            if isinstance(param, str):
                assert param.split(".")[0] in known


def test_every_stage_depends_on_its_module():
    for name, stage in STAGES.items():
        assert stage["cmd"].split()[2].replace(".", "/") + ".py" in stage["deps"], name


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
