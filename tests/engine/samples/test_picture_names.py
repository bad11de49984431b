from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa

from glotmill.engine.samples.picture_names import names_of_pictures
from glotmill.schemas.keys import image_id
from glotmill.schemas.pictures import picture_names
from glotmill.schemas.sample import SAMPLE_SCHEMA

SCHEMA = pa.schema([SAMPLE_SCHEMA.field(name) for name in ("image_refs", "image_keys")])
SHA = "sha256:" + "5a" * 32
WEB = "http://example.org/a.jpg"
PICTURES = [
    (image_id("a.jpg"), image_id("a.jpg"), "a.jpg"),
    ("coco:000000000001", image_id("val2017/000000000001.jpg"), "val2017/000000000001.jpg"),
    ("coco:000000000001", SHA, "val2017/000000000001.jpg"),
    (SHA, SHA, WEB),
    ("vg:5", image_id(WEB), WEB),
    ("mine", "mine", WEB),
]


def frame(*rows: tuple[list[tuple[str, str]], list[str] | None]) -> pl.DataFrame:
    table: list[dict[str, Any]] = [
        {"image_refs": [{"image_id": name, "uri": uri} for name, uri in refs], "image_keys": keys}
        for refs, keys in rows
    ]
    return pl.DataFrame(pa.Table.from_pylist(table, schema=SCHEMA))


def test_a_column_of_names_is_what_each_picture_is_called():
    found = names_of_pictures(frame(*(([(name, uri)], [key]) for key, name, uri in PICTURES))).to_list()
    assert [set(names) for names in found] == [set(picture_names(*picture)) for picture in PICTURES]
    assert [names[0] for names in found] == [key for key, _, _ in PICTURES]


def test_keys_come_first_and_a_row_without_a_picture_has_no_name():
    two = [PICTURES[3], PICTURES[0]]
    found = names_of_pictures(frame(([two[0][1:], two[1][1:]], [two[0][0], two[1][0]]), ([], []))).to_list()
    assert found == [[SHA, image_id("a.jpg"), image_id(WEB)], []]
    assert names_of_pictures(frame()).to_list() == []


def test_samples_of_before_there_were_keys_go_by_their_ids():
    assert names_of_pictures(frame(([(SHA, WEB), ("x", "y")], None), ([], None))).to_list() == [[SHA, "x"], []]
