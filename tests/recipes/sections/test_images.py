from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from glotmill.engine.commands.load_recipe import FAMILIES
from glotmill.recipes.sections.images import COCO, REDISTRIBUTABLE, Images, NumberedImages
from glotmill.recipes.sections.sources import Source
from glotmill.schemas.keys import image_id
from glotmill.schemas.pictures import picture_key


def read(**content: Any) -> Any:
    return TypeAdapter(Source).validate_python({"license": "mit", **content}, context={"families": FAMILIES})


@pytest.mark.parametrize(
    ("images", "name", "uri"),
    [
        (Images(), "a.jpg", "a.jpg"),
        (Images(base="coco/"), "a.jpg", "coco/a.jpg"),
        (Images(base="coco/"), "https://i.org/a.jpg", "https://i.org/a.jpg"),
        (NumberedImages(), "n1", "n1.jpg"),
        (NumberedImages(base="https://i.org/", suffix=".png"), "n1", "https://i.org/n1.png"),
    ],
)
def test_a_name_becomes_a_uri(images: Images, name: str, uri: str):
    assert images.uri(name) == uri


@pytest.mark.parametrize("kind", ["vqav2", "aokvqa", "coco_captions"])
def test_images_of_coco_lie_at_cocos_address(kind: str):
    files = {"questions": "q", "annotations": "a"} if kind == "vqav2" else {"path": "p"}
    assert read(format=kind, **files).images.base == COCO


@pytest.mark.parametrize("kind", ["vqav2", "aokvqa", "coco_captions", "jsonl"])
def test_twelve_digits_are_a_number_of_coco_in_the_formats_of_coco_alone(kind: str):
    files = {"questions": "q", "annotations": "a"} if kind == "vqav2" else {"path": "p"}
    for uri in ("000000331352.jpg", "https://mirror.example.org/000000331352.jpg"):
        key = picture_key(uri, image_id(uri), read(format=kind, **files).images.pattern)
        assert key == (image_id(uri) if kind == "jsonl" else "coco:000000331352")
    other = picture_key("0013ea2087020901.jpg", "x", read(format=kind, **files).images.pattern)
    assert other == "x"  # nocaps comes in COCO's format


def test_a_bad_pattern_for_pictures_is_refused_with_its_reason():
    with pytest.raises(ValidationError, match=r"id\n.*expected a named group, such as \(\?P<vg>"):
        read(format="jsonl", path="a", images={"id": r"\d+"})


@pytest.mark.parametrize("key", ["reject", "store"])
def test_what_needs_the_check_says_so(key: str):
    with pytest.raises(ValidationError, match=f"'{key}: true' needs 'check: true'"):
        read(format="jsonl", path="a", images={key: True, "license": "mit"})


def test_files_are_opened_in_a_folder_unless_the_source_carries_the_bytes():
    with pytest.raises(ValidationError, match=r"'images\.check: true' needs 'images\.folder'"):
        read(format="jsonl", path="a", images={"check": True})
    assert read(format="hub", repo="a/b", images={"check": True}).images.check
    assert read(format="parquet", path="a", images={"check": True}).images.check


@pytest.mark.parametrize(
    "license_id", ["cc-by-4.0", "cc-by-sa-3.0", "cc-by-nc-4.0", "cc-by-nc-sa-2.0", "cc0-1.0", "mit"]
)
def test_images_whose_license_allows_copies_can_be_stored(license_id: str):
    images = {"check": True, "folder": "f", "store": True, "license": license_id}
    assert read(format="jsonl", path="a", images=images).images.license == license_id


@pytest.mark.parametrize("license_id", ["other", "unknown", "cc-by-nd-4.0", "cc-by-nc-nd-4.0", "flickr", "cc-by-4.0x"])
def test_images_under_any_other_license_are_not(license_id: str):
    assert not REDISTRIBUTABLE.fullmatch(license_id)
    images = {"check": True, "folder": "f", "store": True, "license": license_id}
    with pytest.raises(ValidationError, match=f"'{license_id}'.*references only"):
        read(format="jsonl", path="a", images=images)


def test_images_are_not_stored_without_a_license():
    with pytest.raises(ValidationError, match="needs the 'license' of the images"):
        read(format="jsonl", path="a", images={"check": True, "folder": "f", "store": True})
