"""The report in a real browser: `make test-report` installs the driver; without it this is skipped.

Screenshots of the page at desktop and phone width are left in the folder that ``SCREENSHOTS`` names.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benchmarks.chromium import chromium
from glotmill.engine.commands.refilter import refilter
from glotmill.engine.report import REPORT, report_data
from glotmill.engine.report.finished_build import open_build
from glotmill.engine.report.page import render
from glotmill.recipes.language_sets import expand
from tests.engine.report.conftest import ARABIC, SCRIPT, THRESHOLD

pytest.importorskip("playwright", reason="the driver is not installed; make test-report")

SECTIONS = ("balance", "languages", "sources", "thresholds", "reasons", "rows", "making")

# Over when the page has not moved for 20 frames.
STILL = """(async () => {
  for (let still = 0, last = NaN; still < 20; last = scrollY) {
    await new Promise(requestAnimationFrame);
    still = scrollY === last ? still + 1 : 0;
  }
})()"""


class Watched:
    """A page, and whatever went wrong or over the network."""

    def __init__(self, page: Any, folder: Path) -> None:
        self.page = page
        self.troubles: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.troubles.append(message.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto((folder / REPORT).as_uri())
        page.wait_for_selector("html[data-ready]")

    def text(self, selector: str) -> str:
        """The text that is shown somewhere."""
        return str(self.page.inner_text(selector))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@contextmanager
def watched(browser: Any, folder: Path, *, phone: bool = False) -> Iterator[Watched]:
    """The report as a desktop, or a phone that likes it dark, shows it."""
    size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 900}
    context = browser.new_context(viewport=size, color_scheme="dark" if phone else "light")
    seen = Watched(context.new_page(), folder)
    yield seen
    assert seen.troubles == []
    assert [url for url in seen.requests if not url.startswith("data:")] == [(folder / REPORT).as_uri()]
    assert seen.page.evaluate("window.harmed") is None
    context.close()


@pytest.fixture
def desk(browser: Any, unkind: Path) -> Iterator[Watched]:
    with watched(browser, unkind) as seen:
        yield seen


@pytest.fixture
def phone(browser: Any, unkind: Path) -> Iterator[Watched]:
    with watched(browser, unkind, phone=True) as seen:
        yield seen


def test_unkind_texts_are_shown_as_they_are(desk: Watched):
    desk.page.fill("#row-words", "harmed")
    assert SCRIPT in desk.text("#row-list")
    desk.page.fill("#row-words", "backwards")
    assert "A dog U+202E runs backwards U+2066 on the grass." in desk.text("#row-list")
    assert "\u202e" not in desk.text("#row-list")
    desk.page.fill("#row-words", "very long story")
    assert "more characters]" in desk.text("#row-list")


def test_right_to_left_languages_run_right_to_left(desk: Watched):
    desk.page.fill("#row-words", ARABIC[:8])
    desk.page.select_option("#row-lang", "arb_Arab")
    block = desk.page.locator('.text[lang="arb"], .text[lang="ar"]').last
    assert block.evaluate("e => getComputedStyle(e).direction") == "rtl"
    assert block.evaluate("e => getComputedStyle(e).textAlign") == "right"


def test_rows_are_filtered_by_language_verdict_reason_and_score(desk: Watched):
    page = desk.page
    everything = page.locator(".row").count()
    page.select_option("#row-lang", "arb_Arab")
    page.select_option("#row-status", "dropped")
    page.select_option("#row-reason", "nmt.logprob")
    heads = page.locator(".row header").all_inner_texts()
    assert 0 < len(heads) < everything
    assert all("Arabic" in head and "dropped" in head and "nmt.logprob" in head for head in heads)
    found = int(re.findall(r"^\d+", desk.text("#row-count"))[0])
    page.select_option("#row-score", label="nmt_logprob")
    page.fill("#row-least", "-0.9")
    fewer = int(re.findall(r"^\d+", desk.text("#row-count"))[0])
    assert 0 < fewer < found
    page.fill("#row-least", "-0.1")
    assert desk.text("#row-count").startswith("0 of")


def test_rows_are_ordered_by_a_score(desk: Watched):
    desk.page.select_option("#row-score", label="nmt_logprob")
    desk.page.select_option("#row-order", "low")
    desk.page.evaluate("document.querySelectorAll('.row details').forEach((node) => { node.open = true; })")
    shown = desk.page.locator(".scores div", has_text="nmt_logprob").all_inner_texts()
    values = [float(text.split()[1]) for text in shown]
    assert values == sorted(values)
    assert values[0] < THRESHOLD


def test_a_row_shows_its_id_and_is_found_by_it(desk: Watched, unkind: Path):
    held = pl.read_parquet(sorted((unkind / "dataset").glob("data/*/*.parquet")), columns=["record_id"], glob=False)
    shown = desk.page.locator(".row .id").all_inner_texts()
    assert set(shown) <= set(held["record_id"])
    desk.page.fill("#row-words", shown[3])
    assert desk.page.locator(".row .id").all_inner_texts() == [shown[3]]


def test_scores_show_their_threshold_and_what_failed(desk: Watched):
    desk.page.select_option("#row-lang", "arb_Arab")
    desk.page.select_option("#row-reason", "nmt.logprob")
    first = desk.page.locator(".row").first
    said = rf"nmt_logprob -[\d.]+ \(at least {THRESHOLD}, fails nmt\.logprob\)"
    assert re.search(said, first.locator("summary").inner_text())
    first.locator("summary").click()
    score = first.locator(".scores div", has_text="lexical_copy_frac").inner_text()
    assert score.endswith("at most 0.25")


def test_a_cell_of_the_heat_map_shows_its_rows(desk: Watched):
    desk.page.locator("#heat button").first.click()
    assert desk.page.input_value("#row-lang") in ("deu_Latn", "arb_Arab")
    assert desk.page.input_value("#row-reason")
    assert desk.page.locator(".row").count() > 0


def test_the_slider_works_by_keyboard_and_says_how_many_rows_are_kept(desk: Watched, unkind: Path):
    desk.page.select_option("#rule", label="nmt.logprob (reject)")
    as_built = desk.text("#threshold-result")
    held = pl.read_parquet(sorted((unkind / "dataset").glob("data/*/*.parquet")), glob=False)
    assert f"{held['keep'].sum()} are kept" in as_built
    desk.page.focus("#threshold")
    desk.page.keyboard.press("ArrowRight")
    raised = desk.text("#threshold-result")
    threshold = float(re.findall(r"A threshold of (-[\d.]+) would drop", raised)[0])
    assert threshold > THRESHOLD
    fails = held.filter(pl.col("score_nmt_logprob").cast(pl.Float64) < threshold).height
    assert f"would drop {fails} and keep" in raised
    desk.page.keyboard.press("End")
    assert re.search(r"and keep \d+ \(−\d+\)", desk.text("#threshold-result"))
    desk.page.click("#reset")
    assert desk.text("#threshold-result") == as_built


def moved(page: Any, rule: str, key: str = "PageUp") -> str:
    """Move the slider of a rule by a key; what the page says then."""
    page.select_option("#rule", label=rule)
    page.focus("#threshold")
    page.keyboard.press(key)
    return str(page.inner_text("#threshold-result"))


def test_the_slider_names_the_key_of_the_recipe_and_its_value(desk: Watched):
    desk.page.select_option("#rule", label="nmt.logprob (reject)")
    assert f"filter.nmt.min_logprob: {THRESHOLD}" in desk.text("#setting")
    said = moved(desk.page, "nmt.logprob (reject)")
    threshold = re.findall(r"A threshold of (-[\d.]+) would", said)[0]
    assert f"filter.nmt.min_logprob: {threshold}" in desk.text("#setting")


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        ("nmt.logprob (reject)", "PageUp"),
        ("round_trip.chrf (off)", "PageUp"),
        ("lexical.copy_frac (reject)", "Home"),
        ("user.mine (reject)", "Home"),
        ("language_id.mass (reject)", "Home"),
    ],
)
def test_the_command_that_the_slider_gives_drops_what_the_page_says(
    browser: Any, rebuild: Callable[..., Path], rule: str, key: str
):
    mine = {"fails": "score_lexical_len_z > 3.5", "action": "reject"}
    rules = {"nmt": {"min_logprob": THRESHOLD}, "round_trip": {"chrf": {"action": "off"}}, "user": {"mine": mine}}
    scorers = ["integrity", "lexical", "language_id", "nmt", "round_trip"]
    folder = rebuild(filter=rules, score={"scorers": scorers})
    with watched(browser, folder) as seen:
        said = moved(seen.page, rule, key)
        name, verb, out, *settings = shlex.split(seen.text("#command"))
    assert (name, verb, Path(out)) == ("glotmill", "refilter", folder)
    assert {*settings[::2]} == {"--set"}
    summary = refilter(folder, overrides=tuple(settings[1::2]))
    kept = int(re.findall(r"and keep (\d+)", said)[0])
    assert sum(count.kept for count in summary.languages.values()) == kept
    assert summary.flipped > 0


def test_a_rule_that_warns_drops_nothing_on_the_page(browser: Any, rebuild: Callable[..., Path]):
    folder = rebuild(filter={"nmt": {"min_logprob": THRESHOLD, "logprob": {"action": "warn"}}})
    with watched(browser, folder) as seen:
        said = moved(seen.page, "nmt.logprob (warn)")
        tiles = seen.page.locator(".tile p").all_inner_texts()
    assert re.search(r"would warn of \d+; as many are kept", said)
    assert "drop" not in said
    assert tiles
    assert all(text.startswith("warns of ") and "drop" not in text and "keep" not in text for text in tiles)


def test_everything_can_be_reached_by_keyboard(desk: Watched):
    reached = set()
    for _ in range(120):
        desk.page.keyboard.press("Tab")
        focused = "document.activeElement"
        reached.add(desk.page.evaluate(f"{focused}.id || {focused}.getAttribute('href') || ''"))
    ids = {"theme", "rule", "threshold", "reset", "row-lang", "row-status", "row-reason", "row-score", "language-table"}
    assert reached >= {*ids, *(f"#{name}" for name in SECTIONS)}


def test_thumbnails_are_pictures(desk: Watched):
    sizes = desk.page.evaluate("[...document.querySelectorAll('.row img')].map((node) => node.naturalWidth)")
    assert sizes
    assert set(sizes) == {112}


def test_light_and_dark_follow_the_system_and_the_button(desk: Watched, phone: Watched):
    paper = "getComputedStyle(document.body).backgroundColor"
    light, dark = desk.page.evaluate(paper), phone.page.evaluate(paper)
    assert light != dark
    desk.page.click("#theme")
    assert desk.page.evaluate(paper) == dark


def test_the_navigation_lands_on_its_section(browser: Any, rebuild: Callable[..., Path]):
    many = ["deu_Latn", *(lang for lang in expand(["m3it80"]) if lang != "deu_Latn")][:30]
    for phone in (False, True):
        with watched(browser, rebuild(languages=many), phone=phone) as seen:
            page = seen.page
            page.evaluate(
                "Object.assign(document.getElementById('notice'), {hidden: false, textContent: 'a notice '.repeat(30)})"
            )
            for section in ("rows", "balance", "making", "reasons", "languages", "thresholds"):
                page.click(f'nav a[href="#{section}"]')
                page.evaluate(STILL)
                top, free = page.evaluate(
                    f"[document.querySelector('#{section} h2').getBoundingClientRect().top,"
                    " document.querySelector('nav').getBoundingClientRect().bottom]"
                )
                assert free <= top <= free + 20, section


def test_refused_templates_say_in_words_what_records_carry(browser: Any, unkind: Path, tmp_path: Path):
    refused = {"template": "c.bad", "lang": "deu_Latn", "reason": "round_trip", "value": None, "text": None, "rows": 5}
    instead = {"c.good": 2, "source": 2, "template_refused": 1}
    data = {**report_data(open_build(unkind, "test")), "refused_templates": [{**refused, "instead": instead}]}
    (tmp_path / REPORT).write_bytes(render(data))
    with watched(browser, tmp_path) as seen:
        said = seen.text('[aria-label="Refused templates"]')
    assert "c.good 2, an English instruction 2, nothing, so they fail 1" in said


@pytest.mark.parametrize("device", ["desk", "phone"])
def test_nothing_is_wider_than_the_window(device: str, request: pytest.FixtureRequest):
    page = request.getfixturevalue(device).page
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    shots = os.environ.get("SCREENSHOTS")
    for section in SECTIONS if shots else ():
        page.evaluate("document.documentElement.style.scrollBehavior = 'auto'")
        page.evaluate(f"document.getElementById('{section}').scrollIntoView()")
        page.screenshot(path=Path(str(shots)) / f"{device}-{section}.png")
