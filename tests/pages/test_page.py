"""A page's policy lets in its own style and script by their hash, and what is given to a template is text."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from synthempathy.pages.page import page

TEMPLATE = "{% extends 'base.html.jinja' %}{% block body %}<p>{{ said }}</p>{% endblock %}"


def hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_names_the_hashes_of_what_stands_in_the_page(tmp_path: Path) -> None:
    template, script = tmp_path / "t.jinja", tmp_path / "t.js"
    template.write_text(TEMPLATE)
    script.write_text("const a = 1 < 2 && 'é';\n")
    made = page(template, title="</title><script>x</script>", script=script, said="<script>alert(1)</script>&")
    [style] = re.findall(r"<style>(.*?)</style>", made.html, re.DOTALL)
    [code] = re.findall(r"<script>(.*?)</script>", made.html, re.DOTALL)
    assert f"style-src {hashed(style)}" in made.policy and f"script-src {hashed(code)}" in made.policy
    assert made.policy.startswith("default-src 'none'; ") and "unsafe" not in made.policy and "connect-src" not in made.policy
    assert "<p>&lt;script&gt;alert(1)&lt;/script&gt;&amp;</p>" in made.html
    assert "<title>&lt;/title&gt;" in made.html


def test_a_page_without_a_script_lets_none_in(tmp_path: Path) -> None:
    template = tmp_path / "t.jinja"
    template.write_text(TEMPLATE)
    made = page(template, title="t", said="")
    assert "script" not in made.policy and "<script" not in made.html
    assert "connect-src 'self'" in page(template, title="t", said="", connects=True).policy
