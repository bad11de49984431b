"""docs/sources.md says all that a recipe may name and a row may be rejected for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from glotmill.recipes.sections.images import Images
from glotmill.recipes.sections.sources import Source
from glotmill.schemas.sample import IMAGE_STATUSES

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/sources.md").read_text(encoding="utf-8")
SOURCES = get_args(get_args(Source)[0])
CODE = [*(ROOT / "engine/sources").rglob("*.py"), ROOT / "schemas/sample.py", ROOT / "engine/samples/ingest.py"]


@pytest.mark.parametrize("source", SOURCES)
def test_every_format_has_a_section_that_names_its_keys(source: type):
    (name,) = get_args(source.model_fields["format"].annotation)
    section = PAGE.split(f"\n## `{name}`\n")[1].split("\n## ")[0] + PAGE.split("\n## ")[1]
    common = {"format", "license", "images", "dataset", "config", "split", "revision"}
    assert [key for key in source.model_fields if key not in common and not re.search(rf"\b{key}\b", section)] == []


@pytest.mark.parametrize("key", Images.model_fields)
def test_every_key_of_images_is_named(key: str):
    assert re.search(rf"\b{key}:", PAGE.split("\n## Images\n")[1])


@pytest.mark.parametrize("status", IMAGE_STATUSES)
def test_every_status_of_an_image_is_named(status: str):
    assert f"`{status}`" in PAGE


def test_every_reason_is_named():
    found = {
        reason
        for path in CODE
        for reason in re.findall(
            r"""(?:RowError|Rejection)\((?:position, )?f?"([^"]+)\"""", path.read_text(encoding="utf-8")
        )
    }
    assert len(found) > 25
    kinds = ("missing_field.", "wrong_type.", "empty_text.", "out_of_range.", "image_{")
    plain = {reason for reason in found if not reason.startswith(kinds)}
    assert {reason for reason in plain if f"`{reason}`" not in PAGE} == set()
