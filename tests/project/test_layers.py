"""The layers: who may know whom, no circle of imports, and no module too long to read in one go.

core knows nobody, text and domain know core; llm knows these; subjects know these, and each other along the arrows below;
project knows all of them, stages know everything, and nothing knows stages.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from synthempathy.project.imports import module_level_imports, source_of

ROOT = Path(__file__).parents[2]
MODULES = sorted(path.relative_to(ROOT) for top in ("stages", "synthempathy") for path in (ROOT / top).rglob("*.py"))

BELOW = {"core", "text", "llm", "domain"}  # what every subject may know
LAYERS: dict[str, set[str]] = {
    "core": set(), "text": {"core"}, "domain": {"core"}, "llm": {"core", "text"},
    "seeds": BELOW, "dedup": BELOW, "filters": BELOW, "split": BELOW, "scorers": BELOW, "finetuning": BELOW,
    "statistics": BELOW, "release": BELOW,
    "generation": BELOW | {"filters"},  # the rules that answers are checked by
    "sampling": BELOW | {"generation"}, "demo_model": BELOW | {"generation"},
    "evaluation": BELOW | {"scorers", "finetuning"},
    "pages": {"core"}, "reviewing": BELOW | {"filters", "pages"}, "versions": BELOW | {"evaluation", "scorers", "pages"},
    "explorer": BELOW | {"scorers"},  # asks for each sentence what it gave to a score
}
LAYERS["project"] = set(LAYERS)

MOST_LINES = 250
STAGE_LINES = range(40, 141)


def imported(path: Path) -> set[Path]:
    """Our modules that `path` names in any import, for types alone too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: a relative import"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
            names.add(node.module or "")
    found = {source_of(ROOT, name) for name in names}
    return {path for path in found if path and path != Path("synthempathy/__init__.py")}


def test_every_folder_of_the_package_has_a_layer() -> None:
    assert {path.parts[1] for path in MODULES if path.parts[0] == "synthempathy" and len(path.parts) > 2} == set(LAYERS)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_knows_what_it_may(layer: str) -> None:
    wrong = [
        f"{path} imports {target}"
        for path in MODULES if path.parts[:2] == ("synthempathy", layer)
        for target in sorted(imported(path))
        if target.parts[0] == "stages" or target.parts[1] not in LAYERS[layer] | {layer}
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_imports_a_stage() -> None:
    wrong = [f"{path} imports {target}" for path in MODULES for target in imported(path) if target.parts[0] == "stages"]
    assert not wrong, "\n".join(wrong)


def test_no_circle_of_imports() -> None:
    """At module level: an import inside a function may close a circle, as it does not when it is loaded."""
    graph = {
        path: sorted({found for name in module_level_imports(ROOT / path) if (found := source_of(ROOT, name))} - {path})
        for path in MODULES
    }
    done: set[Path] = set()

    def visit(path: Path, way: list[Path]) -> None:
        assert path not in way, "a circle: " + " -> ".join(map(str, [*way[way.index(path) :], path]))
        if path not in done:
            for target in graph[path]:
                visit(target, [*way, path])
            done.add(path)

    for path in MODULES:
        visit(path, [])


def test_no_module_is_too_long() -> None:
    lines = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert not {str(path): n for path, n in lines.items() if n > MOST_LINES}


def test_a_stage_is_a_recipe_of_one_or_two_screens() -> None:
    stages = [path for path in MODULES if path.parts[0] == "stages" and path.name != "__init__.py"]
    lines = {str(path): len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in stages}
    assert not {name: n for name, n in lines.items() if n not in STAGE_LINES}
