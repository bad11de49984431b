from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from recipes.images import NumberedImages
from recipes.sources import CocoCaptionsSource, GqaSource, JsonlSource, Source


def read(**content: Any) -> Any:
    return TypeAdapter(Source).validate_python(content)


@pytest.mark.parametrize(
    ("kind", "section", "license_id"),
    [("coco_captions", CocoCaptionsSource, "cc-by-4.0"), ("gqa", GqaSource, "cc-by-4.0")],
)
def test_official_data_sets_bring_their_licence(kind: str, section: type, license_id: str):
    found = read(format=kind, path="a.json")
    assert type(found) is section
    assert found.license == license_id


def test_data_of_ones_own_must_state_a_licence():
    with pytest.raises(ValidationError) as caught:
        read(format="jsonl", path="a.jsonl")
    assert [(error["type"], error["loc"][-1]) for error in caught.value.errors()] == [("missing", "license")]


def test_a_source_has_these_defaults():
    assert read(format="jsonl", path="a.jsonl", license="mit") == JsonlSource(
        format="jsonl",
        path=Path("a.jsonl"),
        license="mit",
        dataset=None,
        config="default",
        split="train",
        revision=None,
    )
    assert read(format="gqa", path="a.json").images == NumberedImages(base="", suffix=".jpg")


@pytest.mark.parametrize("split", ["train", "val2017", "test.hard_cases", "_"])
def test_a_split_is_a_name_that_the_hub_takes(split: str):
    assert read(format="gqa", path="a.json", split=split).split == split


@pytest.mark.parametrize("split", ["", "val-2017", "a b", "a..b", ".a", "a.", "a/b", "../a", "a\n"])
def test_any_other_split_is_refused(split: str):
    with pytest.raises(ValidationError):
        read(format="gqa", path="a.json", split=split)


@pytest.mark.parametrize("key", ["dataset", "revision", "license"])
def test_what_identifies_rows_is_not_empty(key: str):
    with pytest.raises(ValidationError):
        read(format="gqa", path="a.json", **{key: ""})
