"""The site in a real browser, from disk: every view, keys, search, filters, links; hostile rows are shown and do nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import made_once
from tests.helpers.browser import MISSING, Trouble, chromium
from tests.helpers.made_run import HOSTILE, make_run, make_site

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"no browser: {MISSING}")

FIRST_VIEW_MS, ANSWER_MS = 2000, 200  # the bounds, on a quiet machine
SLACK = 5  # tests share their machine; benchmarks/explorer.py prints what it is


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "explorer-run", lambda folder: make_site(make_run(folder))) / "data/explorer"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as one:
        yield one


@pytest.fixture
def trouble() -> Trouble:
    return Trouble()


@pytest.fixture
def page(browser: Any, trouble: Trouble) -> Iterator[Any]:
    one = browser.new_page(viewport={"width": 1300, "height": 850})
    trouble.watch(one)
    yield one
    hacked = one.evaluate("window.hacked")
    one.close()
    assert hacked is None
    assert not trouble


def opened(page: Any, site: Path, view: str = "rows") -> Any:
    page.goto(f"file://{site}/index.html#{view}")
    page.wait_for_function("() => explorer.ready === true")
    return page


def size_is(page: Any, text: str) -> None:
    page.wait_for_function("text => document.querySelector('.size').textContent === text", arg=text)


def test_rows_show_the_way_scores_and_neighbours(page: Any, site: Path) -> None:
    opened(page, site, "rows/row-00005")
    titles = page.locator(".row .step h3").all_inner_texts()
    assert [title.split("\n")[0].split()[0] for title in titles] == ["Seed", "Story", "Explanation", "Reasoning", "Response"]
    assert "writer" in titles[1] and "prompt" in titles[1]
    assert page.locator(".bar").all_inner_texts()[0].split() == ["warmth", "2.00"]
    assert page.locator("mark.score").all_inner_texts() == ["You feel warm about it 5."]
    page.locator(".bar", has_text="depth").click()
    assert page.locator("mark.score").count() == 2
    assert page.locator(".near li").count() > 0


def test_search_filters_and_order(page: Any, site: Path) -> None:
    opened(page, site)
    size_is(page, "50 rows")
    page.keyboard.press("/")
    page.keyboard.type("umbrella 39")
    size_is(page, "1 of 50 rows")
    page.keyboard.press("Enter")
    page.wait_for_selector("mark.hit")
    page.locator(".search").fill("umbr")
    size_is(page, "40 of 50 rows")
    page.locator("summary", has_text="Filters").click()
    page.locator("label", has_text="Category").locator("select").select_option(index=2)
    page.wait_for_function("() => /^1\\d of 50 rows/.test(document.querySelector('.size').textContent)")
    page.get_by_label("Severity: at least").fill("9")
    page.wait_for_function("() => /^[1-9] of 50 rows/.test(document.querySelector('.size').textContent)")
    page.get_by_label("Order").select_option(label="Severity, most first")
    page.get_by_role("button", name="Clear all").click()
    size_is(page, "50 rows")


def test_no_row_is_like_this(page: Any, site: Path) -> None:
    opened(page, site)
    page.locator(".search").fill("xylophone")
    size_is(page, "0 of 50 rows")
    assert page.locator(".empty", has_text="No row").is_visible()


def test_what_left_has_its_reason_evidence_and_partner(page: Any, site: Path) -> None:
    opened(page, site, "left/dedup%2Fagain")
    assert "substring" in page.locator(".why").inner_text()
    assert page.locator(".columns .step").count() == 2
    assert "the river rose over the old bridge" in page.locator(".columns mark.evidence").first.inner_text()
    assert page.locator("svg.flow .name").all_text_contents() == ["dedup", "filter", "split"]
    page.locator("svg.flow .lead", has_text="offensive").click()
    size_is(page, "1 of 4 rows")
    page.locator(".item").first.click()
    page.wait_for_function("() => document.querySelector('.detail h2 bdi').textContent === 'gone'")
    assert page.locator("mark.evidence").first.inner_text() == "You feel"
    opened(page, site, "left/filter%2Fheld")
    assert "fight" in page.locator(".why li").inner_text()


def test_systems_stand_side_by_side(page: Any, site: Path) -> None:
    opened(page, site, "compared")
    page.wait_for_selector(".system")
    assert [text.split()[0] for text in page.locator(".system h3").all_inner_texts()] == ["base", "tuned", "corpus"]
    assert page.locator(".system .bar").count() == 6


def test_figures_and_pictures(page: Any, site: Path) -> None:
    opened(page, site, "figures")
    page.wait_for_function("() => document.images.length === 1 && document.images[0].naturalWidth > 0")
    page.locator(".search").fill("nested")
    assert page.locator("details.figures th").all_inner_texts() == ["nested.<b>figure</b>"] * 3


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_row_is_shown_and_does_nothing(page: Any, site: Path, name: str) -> None:
    opened(page, site)
    page.locator(".search").fill(f"{name}word")
    size_is(page, "1 of 50 rows")
    page.locator(".item").first.click()
    page.wait_for_function("name => document.querySelector('.detail h2 bdi')?.textContent === `bad <b>${name}</b>`", arg=name)
    shown = page.locator(".row .step", has_text="Explanation").first.locator(".text").text_content()
    assert shown == HOSTILE[name][: len(shown)] and len(shown) >= min(len(HOSTILE[name]), 20_000)
    while page.locator(".more").count():
        page.locator(".more").first.click()
    assert page.evaluate("document.querySelectorAll('.row img, .row iframe, .row script, .row style, .row link').length") == 0
    assert page.locator("header").is_visible()


def test_links_from_outside_hold_anything(page: Any, site: Path) -> None:
    opened(page, site, "rows/%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
    assert page.locator("[role=alert]").inner_text() == "There is no such row in this run."
    opened(page, site, "rows/%E0%A4%A")
    opened(page, site, "nonsense")
    size_is(page, "50 rows")


def test_the_policy_stops_what_gets_into_the_page(browser: Any, site: Path) -> None:
    """If a text ever were read as HTML, no script of it would run, and nothing would be fetched."""
    page, failures = browser.new_page(), []
    page.on("requestfailed", lambda one: failures.append(one.failure))
    page.on("response", lambda one: one.url.startswith("file:") or failures.append(f"answered: {one.url}"))
    opened(page, site)
    image = "<img src='https://example.org/x.png' onerror='window.hacked=1'>"
    page.evaluate("image => document.body.insertAdjacentHTML('beforeend', image)", image)
    page.evaluate("const s = document.createElement('script'); s.textContent = 'window.hacked=2'; document.body.append(s)")
    page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None
    assert failures == ["csp"]  # blocked before it was sent
    page.close()


def test_keys_and_roles(page: Any, site: Path) -> None:
    opened(page, site)
    before = page.evaluate("location.hash")
    page.keyboard.press("j")
    page.wait_for_function("before => location.hash !== before", arg=before)
    box = page.get_by_role("listbox", name="Rows")
    active = box.get_attribute("aria-activedescendant")
    assert page.locator(f"#{active}").get_attribute("aria-selected") == "true"
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    page.wait_for_selector("nav a[href='#left'][aria-current=page]")
    assert page.get_by_role("navigation").get_by_role("link", name="What left").is_visible()
    unnamed = """[...document.querySelectorAll("input, select, button")].filter(
        one => !one.labels?.length && !one.ariaLabel && !one.textContent.trim())"""
    assert page.evaluate(f"{unnamed}.length") == 0


def test_dark_and_light(page: Any, site: Path) -> None:
    opened(page, site)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Dark or light").click()
    assert page.evaluate(ground) != light
    page.reload()
    page.wait_for_function("() => explorer.ready === true")
    assert page.evaluate(ground) != light


def test_on_a_phone(page: Any, site: Path) -> None:
    page.set_viewport_size({"width": 380, "height": 760})
    for view in ("rows", "left", "compared", "figures"):
        opened(page, site, view)
        page.reload()
        page.wait_for_function("() => explorer.ready === true")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
    opened(page, site, "rows")
    page.locator(".item").nth(2).click()
    page.wait_for_selector(".view.open")
    assert not page.locator(".list").is_visible()
    page.keyboard.press("Escape")
    assert page.locator(".list").is_visible()


def test_many_rows(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """6,000 rows: few of them in the page, and answers in time."""
    site = made_once(tmp_path_factory, "explorer-many", lambda folder: make_site(make_run(folder, 6000))) / "data/explorer"
    page, trouble = browser.new_page(viewport={"width": 1300, "height": 850}), Trouble()
    trouble.watch(page)
    opened(page, site)
    assert page.evaluate("performance.now()") < FIRST_VIEW_MS * SLACK
    assert page.locator(".item").count() < 40
    page.locator(".list").evaluate("box => { box.scrollTop = box.scrollHeight; }")
    page.wait_for_selector(".item[aria-posinset='6010']")
    page.locator(".search").fill("umbrella 4321")
    size_is(page, "1 of 6,010 rows")
    assert page.evaluate("explorer.lastSelect") < ANSWER_MS * SLACK
    assert not trouble
    page.close()
