from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from glotmill.engine.commands.load_recipe import FAMILIES
from glotmill.engine.sources.coco_captions import CocoCaptionsSource
from glotmill.engine.sources.gqa import GqaSource
from glotmill.engine.sources.jsonl import JsonlSource
from glotmill.recipes.sections.images import NumberedImages
from glotmill.recipes.sections.sources import Source


def read(**content: Any) -> Any:
    return TypeAdapter(Source).validate_python(content, context={"families": FAMILIES})


@pytest.mark.parametrize(
    ("kind", "section", "license_id"),
    [("coco_captions", CocoCaptionsSource, "cc-by-4.0"), ("gqa", GqaSource, "cc-by-4.0")],
)
def test_official_data_sets_bring_their_license(kind: str, section: type, license_id: str):
    found = read(format=kind, path="a.json")
    assert type(found) is section
    assert found.license == license_id


def test_data_of_ones_own_must_state_a_license():
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


@pytest.mark.parametrize(
    ("kind", "license_id"), [("aokvqa", "apache-2.0"), ("llava", "cc-by-nc-4.0"), ("coco_captions", "cc-by-4.0")]
)
def test_official_files_bring_their_license(kind: str, license_id: str):
    assert read(format=kind, path="a.json").license == license_id


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "image_text", "lines"])
def test_files_that_may_be_anyones_must_state_a_license(kind: str):
    with pytest.raises(ValidationError, match="license"):
        read(format=kind, path="a")
    assert read(format=kind, path="a", license="mit").license == "mit"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"id": "a"}, "expected one of 'caption', 'question' and 'messages', found none"),
        ({"caption": "a", "question": "b"}, "found caption and question"),
        ({"caption": ""}, "pattern"),
        ({"caption": "a..b"}, "pattern"),
        ({"caption": "a."}, "pattern"),
        ({"captoin": "a"}, "did you mean 'caption'"),
    ],
)
def test_a_field_map_names_one_kind_of_row_by_plain_paths(fields: dict[str, str], problem: str):
    with pytest.raises(ValidationError, match=problem):
        read(format="jsonl", path="a", license="mit", fields=fields)


def test_a_task_stands_in_one_place():
    keys = {"format": "jsonl", "path": "a", "license": "mit"}
    assert read(**keys, fields={"caption": "a"}, task="ocr").task == "ocr"
    for more in ({"task": "ocr"}, {"task": "ocr", "fields": {"caption": "a", "task": "kind"}}):
        with pytest.raises(ValidationError, match="'task' goes with 'fields'"):
            read(**keys, **more)


@pytest.mark.parametrize("keys", [{}, {"repo": "a/b", "path": "c"}])
def test_a_dataset_of_the_hub_is_an_id_or_a_folder(keys: dict[str, str]):
    with pytest.raises(ValidationError, match="expected either 'repo'"):
        read(format="hub", license="mit", **keys)


@pytest.mark.parametrize("repo", ["a b", "a/b/c", "", "../a", "https://x.org/a"])
def test_what_is_no_hub_id_is_refused(repo: str):
    with pytest.raises(ValidationError):
        read(format="hub", repo=repo)


def test_a_folder_has_no_card_to_take_a_license_from():
    with pytest.raises(ValidationError, match="'license' is required for a folder"):
        read(format="hub", path="a")
    assert read(format="hub", repo="a/b").license == ""
