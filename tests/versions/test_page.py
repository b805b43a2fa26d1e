"""The page of a comparison, in a browser: what changed most, with right marks; hostile rows; what is not here."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from synthempathy.cli import main
from synthempathy.versions.changed import most_changed
from synthempathy.versions.compare_command import compare
from tests.helpers.chromium import HOSTILE, UNSEEN, opened
from tests.helpers.versions import AFTER, ASKS, ASKS_NOT, BEFORE, commit, evaluation, scored_response

#: EX of 14 responses after the edit, where all had 1.8: row 13 fell farthest, row 0 rose a little.
FELL = [1.8 + 0.01, *(1.8 - 0.1 * n for n in range(1, 14))]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    commit(tmp_path, "asks", evaluation(BEFORE, [1.8] * 14), prompt=ASKS)
    commit(tmp_path, "not", evaluation(AFTER, FELL), prompt=ASKS_NOT, temperature=0.9)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(*arguments: str) -> str:
    main(["compare", *arguments, "--html", "page.html"])
    return Path("page.html").resolve().as_uri()


def test_a_prompt_edits_page_shows_the_ten_rows_that_changed_most_with_right_marks(project: Path) -> None:
    with opened(made("asks", "not")) as page:
        names = page.locator("article h4 .name").all_inner_texts()
        assert names == [f"p{n:02}" for n in range(13, 3, -1)]
        first = page.locator("article").first
        assert first.locator(".side-a .text").inner_text() == BEFORE.format(13)
        assert first.locator(".side-a del").all_inner_texts() == ["What would help most?"]
        assert first.locator(".side-b ins").all_inner_texts() == ["Rest now."]
        assert first.locator("tbody tr").last.inner_text().split() == ["EX", "1.80", "0.50", "-1.30"]
        assert page.locator("#prompts del").all_inner_texts() == ["End with one question"]
        assert page.locator("#prompts ins").all_inner_texts() == ["Ask nothing at all"]
        assert page.locator("#parameters tbody tr").all_inner_texts() == ["respond.temperature\t0.7\t0.9"]
        assert "gain_percent\t7 (1 to 20)\t9 (1 to 20)\t+2" in page.locator("#metrics tbody tr").all_inner_texts()
        scores = page.locator("#scores tbody tr").all_inner_texts()
        assert [row.split("\t")[0] for row in scores] == ["ER", "IP", "EX", "mean"]
        assert scores[2].split("\t")[1:4] == ["1.80", "1.15", "-0.65"] and " to " in scores[2]


def test_the_page_agrees_with_what_is_printed_and_printing_is_as_without_it(
    project: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    for markdown in ([], ["--md"]):
        main(["compare", "asks", "not", *markdown])
        alone = capsys.readouterr()
        made("asks", "not", *markdown)
        beside = capsys.readouterr()
        assert beside.out == alone.out == compare("asks", "not", markdown=bool(markdown)) + "\n"
        assert beside.err == "compare: page.html opens in a browser\n"


def test_rows_and_links_by_mechanism(project: Path) -> None:
    with opened(made("asks", "not", "--rows", "3")) as page:
        assert page.locator("article").count() == 3
        by_score = page.locator(".tables details")
        assert [text.split(" (")[0] for text in by_score.locator("summary").all_inner_texts()] == [
            "Most changed by ER", "Most changed by IP", "Most changed by EX",
        ]
        by_score.last.locator("summary").click()
        by_score.last.locator("a").first.click()
        assert page.url.endswith("#corpus-1")
        assert page.locator("article:target h4 .name").inner_text() == "p13"


def test_texts_that_are_not_here_are_one_line_and_the_figures_stand(project: Path) -> None:
    shutil.rmtree(project / ".dvc/cache")
    with opened(made("asks", "not")) as page:
        lines = page.locator("main [role=note] p").all_inner_texts()
        assert len(lines) == 2 and all("&& dvc fetch data/evaluation.jsonl; git switch -" in line for line in lines)
        assert page.locator("#scores tbody tr").count() == 4
        assert page.locator("article").count() == 10
        assert "Its text is not here" in page.locator("article").first.inner_text()


def test_one_sides_texts_are_shown_alone(project: Path) -> None:
    digest = commit(project, "third", evaluation("Gone. {}", FELL), prompt=ASKS)
    (project / ".dvc/cache/files/md5" / digest[:2] / digest[2:]).unlink()
    with opened(made("not", "third")) as page:
        article = page.locator("article").first
        assert article.locator(".side-a .text").inner_text().startswith("I feel for you")
        assert "Its text is not here" in article.locator(".side-b").inner_text()
        assert page.locator("article del, article ins").count() == 0


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_hostile_rows_are_shown_and_harmless(project: Path, width: int, scheme: str) -> None:
    prompt = ASKS + HOSTILE.replace("\x00", "") + "\n"
    commit(project, "hostile", _hostile(), prompt=prompt)
    with opened(made("asks", "hostile"), width=width, scheme=scheme) as page:
        assert page.title() == "asks and hostile"
        shown = page.locator("article").first.inner_text()
        assert "<script>document.title = 'owned'</script>" in shown and "\\u202egnp.exe" in shown
        assert "<iframe src=" in page.locator("#prompts").inner_text()
        assert not any(sign in page.locator("body").inner_text() for sign in UNSEEN)
        assert page.locator("main img, main iframe, main script, main style, main a[href^='javascript']").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert "characters are not shown here" in page.locator("body").inner_text()
        assert len(page.content()) < 2_000_000


def _hostile() -> list[dict[str, object]]:
    """Rows under the same ids, whose explanations and responses changed into what nobody should run."""
    rows = evaluation("{}", FELL)
    for place, row in enumerate(rows):
        row["explanation"] = f"{HOSTILE} {place}"
        row["response"] = f"{HOSTILE} {place}" + "W" * 500 + (" a long word" * 90_000 if place == 13 else "")
    return rows


def test_files_have_a_page_of_their_texts_alone(project: Path) -> None:
    for name, response in (("a", BEFORE), ("b", AFTER)):
        Path(f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in evaluation(response, FELL)))
    with opened(made("a.jsonl", "b.jsonl")) as page:
        assert "knows no prompts" in page.locator("#prompts").inner_text()
        assert page.locator("article").count() == 10


def test_rows_are_ranked_by_all_scores_or_by_one_and_unchanged_ones_are_none() -> None:
    rows = evaluation(BEFORE, [1.0, 1.0, 1.0])
    first = [scored_response(row) for row in rows]
    moved = [row | {"response": "New."} | change for row, change in zip(
        rows, ({"er": 1.4, "ip": 1.1}, {"ex": 0.2}, {"response": rows[2]["response"]}), strict=True,
    )]
    found = most_changed(first, [scored_response(row) for row in moved], 10)
    assert [row.pair_id for row in found.overall] == ["p01", "p00"] and found.changed == 2
    assert {name: [row.pair_id for row in those] for name, those in found.by_score.items()} == {
        "er": ["p00"], "ip": ["p00"], "ex": ["p01"],
    }
    same_answer = [row | {"er": 1.5} for row in rows]  # the scorer changed
    assert len(most_changed(first, [scored_response(row) for row in same_answer], 2).overall) == 2
