"""A page in a real browser, in which an error, or a request to anyone but the page's own place, fails the test."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.helpers.browser import MISSING, chromium


@contextmanager
def opened(address: str, *, width: int = 1280, scheme: str = "light") -> Iterator[Any]:
    """The page at `address` (file:// or our own server); skips by name where there is no browser."""
    if MISSING:
        pytest.skip(MISSING)
    own = address if address.startswith("file:") else address.split("/", 3)[2]
    wrong: list[str] = []

    def asked(request: Any) -> None:
        if own not in request.url and not request.url.startswith("blob:"):
            wrong.append(f"asked for {request.url}")

    with chromium() as browser:
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("request", asked)
        page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: (wrong.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(address)
        yield page
    assert not wrong, wrong


def until(page: Any, condition: str, argument: Any = None, seconds: float = 30) -> None:
    """Wait until the expression is true (Playwright's own waiting is an eval in the page, which the policy refuses)."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition, argument):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(20)


#: What a hostile row holds; none of it may do anything.
HOSTILE = (
    "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\"> </script><!-- "
    '<a href="javascript:document.title=1">a</a> <iframe src="data:text/html,x"></iframe> {{ 7 * 7 }} {% raw %} '
    "\u202egnp.exe\u202c \u200b\x1b[31m\x00 <style>*{display:none}</style> &lt;b&gt; ]]> https://evil.example/x"
)
#: A character that a browser would obey in silence, or not show.
UNSEEN = ("\u202e", "\u202c", "\u200b", "\x1b", "\x00")
