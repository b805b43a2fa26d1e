"""A page as one file: its style, its script and its data stand in it, and its policy lets in nothing else.

Templates extend `base.html.jinja` of this folder. Jinja2 escapes all that it is given, and where an escape should be
forgotten one day, the policy still stops what came in: a style and a script are let in by their hash alone.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from synthempathy.core.files import read_text
from synthempathy.core.harmless import harmless

HERE = Path(__file__).parent
BASE_STYLE = HERE / "base.css"


@dataclass(frozen=True)
class Page:
    """A page's HTML, and the policy that it names itself (a server sends it too, as a header)."""

    html: str
    policy: str


def page(
    template: Path, *, title: str, styles: Sequence[Path] = (), script: Path | None = None, connects: bool = False,
    **values: object,
) -> Page:
    """Fill `template` with `values`. `styles` follow the base style; with `connects`, the script may ask its own server."""
    style = "\n".join(read_text(path) for path in (BASE_STYLE, *styles))
    code = read_text(script) if script else ""
    policy = "; ".join([
        "default-src 'none'", f"style-src '{_hash(style)}'", *([f"script-src '{_hash(code)}'"] if code else []),
        *(["connect-src 'self'"] if connects else []), "base-uri 'none'", "form-action 'none'",
    ])
    environment = Environment(
        loader=FileSystemLoader([template.parent, HERE]), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )
    environment.filters["harmless"] = lambda value: harmless(str(value))
    html = environment.get_template(template.name).render(
        title=harmless(title), style=Markup(style), script=Markup(code), policy=policy, **values,
    )
    return Page(html, policy)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
