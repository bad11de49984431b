from __future__ import annotations

import re

import pytest
from pydantic import Field

from glotmill.engine.commands.load_recipe import FAMILIES
from glotmill.recipes import reference as module
from glotmill.recipes.model import Recipe
from glotmill.recipes.reference import meanings, reference, sections
from glotmill.recipes.section import Section
from tests.conftest import ROOT

FILE = ROOT / "docs" / "recipe-keys.md"


def test_the_page_is_what_the_model_says():
    assert FILE.read_text(encoding="utf-8") == reference(FAMILIES), (
        "python -m glotmill.engine.commands.recipe_keys docs/recipe-keys.md"
    )


def test_every_section_of_the_shipped_recipes_has_a_heading():
    page = reference(FAMILIES)
    for place in ("translate", "answers.dictionary", "score.language_id", "pack", "splits", "mix.by_source.NAME"):
        assert re.search(rf"^## {re.escape(place)}( \(.*\))?$", page, re.MULTILINE), place
    assert "## sources.NAME (format: coco_captions)" in page


def test_no_two_sections_have_the_same_heading():
    headings = list(sections(FAMILIES).values())
    assert len(set(headings)) == len(headings)


def test_every_link_leads_to_a_heading():
    page = reference(FAMILIES)
    anchors = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in re.findall(r"^## (.*)$", page, re.M)}
    assert set(re.findall(r"\]\(#(.*?)\)", page)) <= anchors


def test_a_key_without_a_meaning_is_an_error(monkeypatch: pytest.MonkeyPatch):
    class Bare(Section):
        """A section that does not say what its key means."""

        key: int = Field(1, ge=1)

    monkeypatch.setattr(module, "sections", lambda _: {Recipe: "The recipe", Bare: "bare"})
    monkeypatch.setattr(module, "type_name", lambda *_: "")
    with pytest.raises(LookupError, match="Bare: no meaning of 'key'"):
        reference(FAMILIES)


def test_meanings_go_over_several_lines_and_come_from_bases_too():
    found = meanings(Recipe)
    assert found["languages"].endswith("keeps English rows too.")
