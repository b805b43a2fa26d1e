"""A real browser for the pages: Debian's Chromium, by Playwright. A page that logs an error or asks the network fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)
#: Why no page can be opened here; empty where one can.
MISSING = "" if CHROMIUM.exists() and find_spec("playwright") else (
    f"needs {CHROMIUM} (apt-get install chromium, or .ci/install-browser) and playwright"
)


class Trouble(list[str]):
    """What a page should not have done: errors in its console, uncaught errors, requests that leave the disk, dialogs."""

    def watch(self, page: Any) -> None:
        page.on("console", lambda one: one.type in ("error", "warning") and self.append(f"console: {one.text}"))
        page.on("pageerror", lambda one: self.append(f"error: {one}"))
        page.on("request", lambda one: one.url.startswith("file:") or self.append(f"request: {one.url}"))
        page.on("dialog", lambda one: (self.append(f"dialog: {one.message}"), one.dismiss()))


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser with an empty profile of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()
