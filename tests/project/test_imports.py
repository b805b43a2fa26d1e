"""The import closure: what is followed and what is not, what the tables must name, which sections are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from synthempathy.project import imports
from synthempathy.project.imports import ALL, COMPUTED, closure, module_level_imports


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for package in ("stages", "synthempathy", "synthempathy/a", "synthempathy/b"):
        write(tmp_path, f"{package}/__init__.py", '"""A docstring alone."""\n')
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def modules(root: Path, params: dict[str, object] | None = None) -> set[str]:
    """Of stages/one.py, without itself."""
    return {str(path) for path in closure(root, "stages.one", params or {}).modules} - {"stages/one.py"}


@pytest.mark.parametrize(
    "source",
    [
        "import synthempathy.a.x",
        "from synthempathy.a import x",
        "from synthempathy.a.x import thing",
        "def later():\n    from synthempathy.a.x import thing",
        "class C:\n    def later(self):\n        if True:\n            import synthempathy.a.x as y",
        "try:\n    from synthempathy.a import x\nexcept ImportError:\n    pass",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass\nelse:\n    import synthempathy.a.x",
    ],
)
def test_an_import_counts_wherever_it_stands(root: Path, source: str) -> None:
    write(root, "stages/one.py", source)
    write(root, "synthempathy/a/x.py", "import synthempathy.b.y\nimport os, numpy")
    write(root, "synthempathy/b/y.py", "")
    assert modules(root) == {"synthempathy/a/x.py", "synthempathy/b/y.py"}


@pytest.mark.parametrize("condition", ["TYPE_CHECKING", "typing.TYPE_CHECKING"])
def test_an_import_for_types_alone_does_not_count(root: Path, condition: str) -> None:
    write(root, "stages/one.py", f"import typing\nfrom typing import TYPE_CHECKING\nif {condition}:\n    import synthempathy.a.x")
    write(root, "synthempathy/a/x.py", "")
    assert modules(root) == set()


def test_a_package_counts_where_it_holds_code_and_what_its_functions_import_where_it_is_named(root: Path) -> None:
    write(root, "stages/one.py", "import synthempathy.a.x")
    write(root, "synthempathy/a/__init__.py", "import synthempathy.b.y\n\ndef f():\n    import synthempathy.b.z")
    for name in ("a/x", "b/y", "b/z"):
        write(root, f"synthempathy/{name}.py", "")
    assert modules(root) == {"synthempathy/a/__init__.py", "synthempathy/a/x.py", "synthempathy/b/y.py"}
    write(root, "stages/one.py", "from synthempathy.a import f")
    assert "synthempathy/b/z.py" in modules(root)


def test_a_circle_ends(root: Path) -> None:
    write(root, "stages/one.py", "import synthempathy.a.x")
    write(root, "synthempathy/a/x.py", "import synthempathy.a.y")
    write(root, "synthempathy/a/y.py", "import synthempathy.a.x")
    assert modules(root) == {"synthempathy/a/x.py", "synthempathy/a/y.py"}


def test_an_import_by_a_computed_name_follows_the_parameter_that_chooses(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, "stages/one.py", "from synthempathy.a import pick")
    write(root, "synthempathy/a/__init__.py", "import importlib\n\ndef pick(kind):\n    importlib.import_module(kind)")
    write(root, "synthempathy/a/x.py", "")
    write(root, "synthempathy/a/y.py", "")
    with pytest.raises(InputError, match=r"synthempathy/a/__init__.py:4: imports by a computed name.*CHOSEN"):
        modules(root)
    monkeypatch.setattr(imports, "CHOSEN", {"synthempathy.a": (("a.kind", "b.kind"), "synthempathy.a.{}")})
    assert modules(root, {"a": {"kind": "x"}}) == {"synthempathy/a/__init__.py", "synthempathy/a/x.py"}
    assert "synthempathy/a/y.py" in modules(root, {"a": {"kind": "y"}})


def test_an_optional_import_counts_where_its_parameter_is_set(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, "stages/one.py", "def f():\n    from synthempathy.a.x import thing")
    write(root, "synthempathy/a/x.py", "")
    monkeypatch.setattr(imports, "OPTIONAL", {("stages.one", "synthempathy.a.x"): "a.model"})
    assert modules(root, {"a": {"model": None}}) == set()
    assert modules(root, {"a": {"model": "some"}}) == {"synthempathy/a/x.py"}


def test_files_beside_a_module_are_those_that_its_strings_name(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, "stages/one.py", "import synthempathy.a.x")
    write(root, "synthempathy/a/x.py", "HERE = __file__\nONE, TWO, THREE = 'lists', 'names.txt', 'a/deep/more.yaml'")
    for name in ("a/lists/one.txt", "a/lists/two.txt", "a/lists/three.py", "names.txt", "a/deep/more.yaml", "a/deep/other.yaml"):
        write(root, f"synthempathy/{name}", "")
    found = closure(root, "stages.one", {}).data
    assert {str(path) for path in found} == {
        f"synthempathy/{name}" for name in ("a/lists/one.txt", "a/lists/two.txt", "names.txt", "a/deep/more.yaml")
    }
    assert set(found.values()) == {Path("synthempathy/a/x.py")}
    write(root, "synthempathy/a/x.py", "HERE = __file__\nONE = f'{HERE}.txt'")
    with pytest.raises(InputError, match=r"synthempathy/a/x.py:1: reads files beside itself.*READ_NOTHING"):
        closure(root, "stages.one", {})
    monkeypatch.setattr(imports, "READ_NOTHING", {"synthempathy.a.x"})
    assert not closure(root, "stages.one", {}).data


@pytest.mark.parametrize(
    ("source", "sections"),
    [
        ("read_params(p).section('seeds', Seeds)", {"seeds"}),
        ("file.section('seeds', S)\nfile.section('split', T)", {"seeds", "split"}),
        ("file.section(name, Seeds)", {COMPUTED}),
        ("load_params(p).seeds", {ALL}),
        ("section", set()),
    ],
)
def test_the_sections_that_are_read(root: Path, source: str, sections: set[str]) -> None:
    write(root, "stages/one.py", "import synthempathy.a.x")
    write(root, "synthempathy/a/x.py", source)
    assert closure(root, "stages.one", {}).sections == sections


def test_what_is_imported_at_first_leaves_out_functions(root: Path) -> None:
    within = "class C:\n    import c\n    def f(self):\n        import d\ndef g():\n    import e"
    write(root, "one.py", f"import a\nif a:\n    import b\n{within}")
    assert module_level_imports(root / "one.py") == ["a", "b", "c"]
