"""Prompts: Jinja files with a system and a user block, strict about missing variables.

    {% block system %}...{% endblock %}
    {% block user %}... {{ explanation }} ...{% endblock %}

Templates are trusted; the data put into them never is: values are inserted as text and never read as Jinja.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, UndefinedError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from synthempathy.core.errors import PromptError
from synthempathy.core.files import is_file, read_text

Message = dict[str, str]

#: Templates are trusted; the sandbox is for those that come in a folder with somebody's judge.
_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False)


class Prompt:
    """A parsed prompt file.

    Attributes:
        path: where it stands, for errors.
        source: its text.
        variables: the names that it uses, sorted.
    """

    def __init__(self, path: Path, source: str, template: Template, variables: frozenset[str]) -> None:
        self.path, self.source, self._template, self.variables = path, source, template, variables

    def messages(self, **values: object) -> list[Message]:
        """The chat messages: system (left out when empty), then user. PromptError names a missing variable."""
        rendered = self._fixed | {block: self._render(block, values) for block in self._varying}
        if not rendered["user"]:
            raise PromptError("the user block is empty", file=self.path, hint="write what the model is asked")
        return [{"role": block, "content": text} for block, text in rendered.items() if text]

    @cached_property
    def _varying(self) -> list[str]:
        """The blocks that rows change; mostly the user turn alone."""
        root = _ENVIRONMENT.parse(self.source)
        if any(root.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends))):
            return ["system", "user"]
        blocks = {block.name: block for block in root.find_all(nodes.Block)}
        return [
            name for name in ("system", "user") if any(used.ctx == "load" for used in blocks[name].find_all(nodes.Name))
        ]

    @cached_property
    def _fixed(self) -> dict[str, str]:
        """The turns in their order, with the blocks that no row changes rendered once."""
        return {block: "" if block in self._varying else self._render(block, {}) for block in ("system", "user")}

    @cached_property
    def instructions(self) -> str:
        """What the prompt says to every row: its text with all variables empty."""
        return " ".join(self._render(block, dict.fromkeys(self.variables, "")) for block in ("system", "user"))

    def check(self, known: Mapping[str, str]) -> None:
        """Refuse a variable that `known` (name -> example) does not offer, naming its line."""
        for name in sorted(self.variables - set(known)):
            line = next((i for i, text in enumerate(self.source.splitlines(), 1) if name in text), None)
            raise PromptError(
                "undefined variable", file=self.path, line=line, value=name,
                hint=f"this stage offers: {', '.join(sorted(known))}",
            )
        self.messages(**known)

    def _render(self, block: str, values: Mapping[str, object]) -> str:
        context = self._template.new_context(dict(values))
        try:
            return "".join(self._template.blocks[block](context)).strip()
        except UndefinedError as error:
            raise PromptError(str(error), file=self.path, hint=f"known: {', '.join(sorted(values))}") from None


def load_prompt(path: Path) -> Prompt:
    """Read and parse a prompt file. PromptError names the file and the line of what is wrong."""
    if not is_file(path):
        there = ", ".join(sorted(p.stem for p in path.parent.glob("*.jinja"))) or "none"
        raise PromptError("no such prompt", file=path, hint=f"there are: {there}")
    source = read_text(path)
    try:
        template = _ENVIRONMENT.from_string(source)
        variables = frozenset(meta.find_undeclared_variables(_ENVIRONMENT.parse(source)))
    except TemplateSyntaxError as error:
        raise PromptError(f"not Jinja: {error.message}", file=path, line=error.lineno) from None
    missing = [b for b in ("system", "user") if b not in template.blocks]
    if missing:
        raise PromptError(
            f"no {' and no '.join(missing)} block", file=path,
            hint="write {% block system %}...{% endblock %} and {% block user %}...{% endblock %}",
        )
    return Prompt(path, source, template, variables)
