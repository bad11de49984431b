"""What the page's style sheet promises: contrast, tables that show that they scroll, bars on paper."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

WEB = files("glotmill.engine.report") / "web"
STYLE = (WEB / "page.css").read_text(encoding="utf-8")
PAGE = (WEB / "page.html").read_text(encoding="utf-8")
LEAST = 4.5  # WCAG 2.1, 1.4.3: contrast of text
TEXT_COLOURS = ("ink", "soft", "accent", "kept", "dropped", "failed")
Colour = tuple[float, ...]


def rules(selector: str) -> str:
    """What the style sheet says of a selector, wherever it does."""
    return " ".join(re.findall(rf"(?:^|[}},])\s*{re.escape(selector)} \{{([^}}]*)", STYLE, re.MULTILINE))


def palette(theme: str) -> dict[str, Colour]:
    """The colours of a theme, each as three numbers up to 255."""
    light, dark = rules(":root"), rules(':root[data-theme="dark"]')
    found = dict(re.findall(r"--(\w+): ([^;]+);", light + (dark if theme == "dark" else "")))
    return {name: colour(value) for name, value in found.items() if re.match(r"#|\d+, ", value)}


def colour(text: str) -> Colour:
    if text.startswith("#"):
        return tuple(bytes.fromhex(text[1:]))
    return tuple(float(part) for part in text.split(", "))


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of WCAG 2.1."""

    def luminance(of: Colour) -> float:
        parts = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in of]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def shares() -> tuple[float, float]:
    """The least and the greatest opacity of a cell of the heat map, as its script makes them."""
    least, more = re.findall(r'"--share": \(([\d.]+) \+ ([\d.]+) \*', (WEB / "balance.js").read_text(encoding="utf-8"))[
        0
    ]
    return float(least), float(least) + float(more)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_cell_of_the_heat_map_can_be_read(theme: str):
    colours = palette(theme)
    least, most = shares()
    for step in range(101):
        share = least + (most - least) * step / 100
        cell = tuple(
            share * hue + (1 - share) * paper for hue, paper in zip(colours["heat"], colours["paper"], strict=True)
        )
        assert contrast(colours["ink"], cell) >= LEAST, share


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("text", TEXT_COLOURS)
def test_text_can_be_read_on_the_page_and_on_its_cards(theme: str, text: str):
    colours = palette(theme)
    assert min(contrast(colours[text], colours[ground]) for ground in ("paper", "card")) >= LEAST


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_highlighted_text_can_be_read(theme: str):
    colours = palette(theme)
    assert contrast(colours["ink"], colours["mark"]) >= LEAST


def test_no_part_of_the_page_changes_its_height_while_one_scrolls_to_a_section():
    assert "content-visibility" not in STYLE


def test_only_the_navigation_stays_above_a_section_and_its_height_is_known():
    assert "position: sticky" in rules("nav")
    assert "sticky" not in rules(".top")
    height = float(re.findall(r"height: ([\d.]+)rem", rules("nav"))[0])
    assert float(re.findall(r"scroll-padding-top: ([\d.]+)rem", rules("html"))[0]) > height
    assert PAGE.index("</header>") < PAGE.index("<nav") < PAGE.index("<main")


def test_print_is_light_and_keeps_its_bars():
    assert "print-color-adjust: exact" in rules(":root")
    assert STYLE.index("@media screen {") < STYLE.index(':root[data-theme="dark"]') < STYLE.index("@media print {")
    printed = STYLE.partition("@media print {")[2]
    assert ".wide { overflow: visible;" in printed


def test_a_table_that_goes_on_shows_it_at_its_edge():
    shadows = rules(".wide, nav")
    assert shadows.count("no-repeat local") == shadows.count("no-repeat scroll") == 2
    assert "height" in rules(".wide::-webkit-scrollbar")
