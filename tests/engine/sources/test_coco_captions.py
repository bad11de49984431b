"""The official COCO captions file; single rows are in test_readers.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from glotmill.engine.sources import Reader
from glotmill.engine.sources.coco_captions import CocoCaptionsReader
from glotmill.schemas.errors import RowError
from glotmill.schemas.keys import image_id
from glotmill.schemas.sample_checks import check

IMAGE = {"id": 7, "coco_url": "http://i.org/7.jpg", "width": 640, "height": 480}


@pytest.fixture
def reader(opened):
    def go(annotation: Any, image: Any = IMAGE) -> Reader:
        content = {"images": ["stray", {}, image], "annotations": [annotation]}
        return opened(content, format="coco_captions")

    return go


@pytest.mark.parametrize("key", ["coco7", 7])
def test_image_ids_may_be_numbers_or_text(reader, key: Any):
    found = reader({"id": 70, "image_id": key, "caption": "A dog."}, {**IMAGE, "id": key})
    assert [found.sample(raw).images[0].uri for _, raw in found.rows()] == ["http://i.org/7.jpg"]


def test_white_space_around_a_caption_goes_and_stays_within(reader):
    found = reader({"id": 70, "image_id": 7, "caption": " \nA dog\nruns. \n"})
    assert [found.sample(raw).messages[1] for _, raw in found.rows()] == [("assistant", "A dog\nruns.")]


@pytest.mark.parametrize(
    ("annotation", "image", "reason"),
    [
        ({"caption": " \n"}, {}, "empty_text.caption"),
        ({"caption": ["A dog."]}, {}, "wrong_type.caption"),
        ({"id": 1.5}, {}, "wrong_type.id"),
        ({"image_id": "7"}, {}, "unknown_image"),
        ({"image_id": None}, {}, "unknown_image"),
        ({}, {"coco_url": None}, "missing_field.coco_url"),
        ({}, {"coco_url": 3}, "wrong_type.coco_url"),
        ({}, {"width": "640"}, "wrong_type.width"),
        ({}, {"height": 480.5}, "wrong_type.height"),
    ],
)
def test_a_caption_is_refused_for_what_is_wrong_with_it_or_its_image(
    reader, annotation: dict, image: dict, reason: str
):
    found = reader({"id": 70, "image_id": 7, "caption": "A dog.", **annotation}, {**IMAGE, **image})
    ((_, raw),) = found.rows()
    with pytest.raises(RowError) as caught:
        found.sample(raw)
    assert caught.value.reason == reason


def test_every_row_of_the_official_file_is_a_sound_sample(shared_data: Path):
    path = shared_data / "coco/captions_val2017.json"
    content = orjson.loads(path.read_bytes())
    found = CocoCaptionsReader(path, "here")
    ids, uris = set(), set()
    for number, (position, raw) in enumerate(found.rows()):
        assert position == f"annotations[{number}]"
        sample = found.sample(raw)
        check(sample)
        ids.add(sample.row_id)
        uris.add((sample.images[0].image_id, sample.images[0].uri))
    assert len(ids) == 25_014
    assert uris == {(image_id(image["coco_url"]), image["coco_url"]) for image in content["images"]}
    assert len(uris) == 5_000
