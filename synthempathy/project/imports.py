"""What a stage runs on: the modules that it imports, theirs, and so on; the data files beside them; the sections it reads.

Found in the syntax trees, without running anything: imports inside functions count, those under `if TYPE_CHECKING` do not.
What a tree does not show is named in the tables here; a module that imports by a computed name and is not in them is an error.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from synthempathy.core.errors import InputError
from synthempathy.core.params import value_at

#: The packages whose modules are followed.
OURS = ("synthempathy", "stages")

#: A module that imports by a computed name -> the parameters that choose, and the name that a value gives.
CHOSEN: Mapping[str, tuple[tuple[str, ...], str]] = {
    "synthempathy.llm.backends": (
        ("engine.backend", "filter.guard.engine.backend", "scorer.judge.engine.backend"), "synthempathy.llm.backends.{}",
    ),
    "synthempathy.scorers.kinds": (("scorer.kind",), "synthempathy.scorers.{}"),
}
#: An import that is made only where a parameter is set: (who, what) -> the parameter.
OPTIONAL: Mapping[tuple[str, str], str] = {
    ("synthempathy.filters.model_layers", "synthempathy.filters.guard"): "filter.guard.model",
    ("synthempathy.filters.model_layers", "synthempathy.filters.classifier.transformer"): "filter.classifier.transformer.model",
}
#: Code that a stage runs only under some of a parameter's values (none named: any but null), which its deps in dvc.yaml
#: cannot say: stage, parameter, values, code. check links it into models/named/<stage>, on which the stage depends.
_LOADING = (
    "synthempathy/llm/chat.py", "synthempathy/llm/control_tokens.py", "synthempathy/llm/hub.py", "synthempathy/llm/loading.py",
)
LINKED: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("scorer", "scorer.kind", ("judge",), ("synthempathy/llm",)),
    ("scorer", "scorer.kind", ("biencoder", "embeddings"), _LOADING),
    ("filter", "filter.guard.model", (), ("synthempathy/llm",)),
    ("filter", "filter.classifier.transformer.model", (), _LOADING),
)
#: Modules that use `__file__` and read nothing beside themselves.
READ_NOTHING = frozenset(("synthempathy.llm.backends.ray_cluster",))
#: Calls that read every section of params.yaml, and those that read the one that they name.
READS_ALL, READS_ONE = "load_params", "section"
ALL, COMPUTED = "*", "?"
CODE = (".py", ".pyc")

_FILE_NAME = re.compile(r"\w[\w./-]*")


@dataclass
class Closure:
    """What a module runs on. Paths are from the project's root.

    Attributes:
        modules: each file of code, its own included, and the file that imports it. A package's __init__ counts where it
            holds more than a docstring.
        data: each file that a module reads beside itself, and that module's.
        sections: the sections of params.yaml that they read, ALL for every one, COMPUTED for one whose name is computed.
    """

    modules: dict[Path, Path] = field(default_factory=dict)
    data: dict[Path, Path] = field(default_factory=dict)
    sections: set[str] = field(default_factory=set)

    def add(self, other: Closure) -> None:
        """Take in another."""
        self.modules |= other.modules
        self.data |= other.data
        self.sections |= other.sections


def closure(root: Path, module: str, params: Mapping[str, Any]) -> Closure:
    """The closure of `module` (dotted) under the parameters in force. InputError names what the tables lack.

    `import a.b` runs a/__init__.py too, but calls no function of it: what those import counts where `a` itself is named.
    """
    found, seen = Closure(), set[tuple[str, bool]]()
    waiting = [(module, True, Path())]
    while waiting:
        name, whole, importer = waiting.pop()
        path = source_of(root, name)
        if (name, whole) in seen or path is None:
            continue
        seen.add((name, whole))
        read = _read(root / path)
        if path.name != "__init__.py" or read.holds_code:
            found.modules.setdefault(path, importer)
        targets = list(read.imports if whole else read.first_imports)
        if whole:
            targets += _chosen(name, read, params, path)
            found.data.update((one, path) for one in _data(root, name, read, path))
            found.sections |= read.sections
        waiting += [(target, True, path) for target in targets if not _left_out(name, target, params)]
        waiting += [(parent, False, importer) for parent in _parents(name)]
    return found


def linked_code(stage: str, params: Mapping[str, Any]) -> list[Path]:
    """The code that check links for `stage` under the parameters in force: see LINKED."""
    return [
        Path(code) for who, key, values, paths in LINKED if who == stage
        if (value := value_at(params, key)) is not None and (not values or value in values) for code in paths
    ]


def source_of(root: Path, module: str) -> Path | None:
    """The file of one of our modules, from `root`; None for a name that is no module of ours."""
    if module.split(".")[0] not in OURS:
        return None
    path = Path(*module.split("."))
    places = path / "__init__.py", path.with_suffix(".py")
    return next((place for place in places if (root / place).is_file()), None)


def holds_code(path: Path) -> bool:
    """Whether a file holds more than a docstring, as a package's __init__ may not."""
    return _read(path).holds_code


def module_level_imports(path: Path) -> list[str]:
    """The names that `path` imports when it is loaded: those of its functions left out."""
    return _read(path).first_imports


@dataclass(frozen=True)
class _Read:
    """What one file's syntax tree shows. `from a import b` gives a.b, which may be a module."""

    imports: list[str]
    first_imports: list[str]
    holds_code: bool
    computed: int | None  # the line of an import by a computed name
    beside: int | None  # the line of a use of __file__
    strings: frozenset[str]  # that may be the name of a file
    sections: frozenset[str]


def _read(path: Path) -> _Read:
    return _parsed(path.read_text(encoding="utf-8"))


@cache
def _parsed(source: str) -> _Read:
    tree = ast.parse(source)
    nodes = list(_walk(tree))
    calls = [(node, _name(node.func)) for node in nodes if isinstance(node, ast.Call)]
    sections = {_section(node) for node, name in calls if name == READS_ONE}
    if any(name == READS_ALL for _, name in calls):
        sections.add(ALL)
    return _Read(
        imports=[name for node in nodes for name in _imported(node)],
        first_imports=[name for node in _walk(tree, functions=False) for name in _imported(node)],
        holds_code=any(not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Constant) for node in tree.body),
        computed=next((node.lineno for node, name in calls if name in ("import_module", "__import__")), None),
        beside=next((node.lineno for node in nodes if isinstance(node, ast.Name) and node.id == "__file__"), None),
        strings=frozenset(
            node.value for node in nodes
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _FILE_NAME.fullmatch(node.value)
        ),
        sections=frozenset(sections),
    )


def _walk(node: ast.AST, *, functions: bool = True) -> Iterator[ast.AST]:
    """Every node that is run: not what stands under `if TYPE_CHECKING`; without `functions`, not what they hold."""
    yield node
    if isinstance(node, ast.If) and _name(node.test) == "TYPE_CHECKING":
        children: Iterator[ast.AST] = iter(node.orelse)
    elif not functions and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        children = iter(())
    else:
        children = ast.iter_child_nodes(node)
    for child in children:
        yield from _walk(child, functions=functions)


def _section(call: ast.Call) -> str:
    name = call.args[0] if call.args else None
    return name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else COMPUTED


def _name(node: ast.expr) -> str | None:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None


def _parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def _left_out(module: str, target: str, params: Mapping[str, Any]) -> bool:
    """Whether an optional import is not made. (`from a.b import c` also gives a.b.c.)"""
    keys = [key for (who, what), key in OPTIONAL.items() if who == module and f"{target}.".startswith(f"{what}.")]
    return any(value_at(params, key) is None for key in keys)


def _chosen(module: str, read: _Read, params: Mapping[str, Any], path: Path) -> list[str]:
    if read.computed is None:
        return []
    if module not in CHOSEN:
        raise InputError(
            "imports by a computed name", file=path, line=read.computed, hint=f"name {module} in CHOSEN of project/imports.py",
        )
    keys, pattern = CHOSEN[module]
    return [pattern.format(value) for key in keys if (value := value_at(params, key)) is not None]


def _data(root: Path, module: str, read: _Read, path: Path) -> set[Path]:
    """The files that a module with `__file__` reads: those whose names, or whose folders' names, it holds as strings."""
    if read.beside is None or module in READ_NOTHING:
        return set()
    named = [root / folder / string for folder in list(path.parents)[:-1] for string in read.strings]
    found = (one for name in named for one in (name.rglob("*") if name.is_dir() else [name]))
    files = {one.relative_to(root) for one in found if one.is_file() and one.suffix not in CODE}
    if not files:
        raise InputError(
            "reads files beside itself, and names none of them", file=path, line=read.beside,
            hint=f"write their names, or their folder's; or name {module} in READ_NOTHING of project/imports.py",
        )
    return files
