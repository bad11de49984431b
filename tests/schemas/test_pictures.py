"""One picture has one key, whatever its names; two pictures have two, however alike their names look."""

from __future__ import annotations

import pytest

from glotmill.schemas.keys import image_id
from glotmill.schemas.picture_pattern import picture_pattern
from glotmill.schemas.pictures import picture_key, picture_names

SHA = "sha256:" + "5a" * 32

COCO = [
    "COCO_val2014_000000331352.jpg",
    "val2014/COCO_val2014_000000331352.jpg",
    "val2017/000000331352.jpg",
    "train2017/000000331352.jpg",
    "TRAIN2014/COCO_train2014_000000331352.JPG",
    "test2015/COCO_test2015_000000331352.jpg",
    "unlabeled2017/000000331352.jpg",
    "coco/train2017/000000331352.jpg",  # LLaVA-1.5's mix
    "coco/000000331352.jpg",
    "mscoco/images/000000331352.jpg",
    "coco2017/train/000000331352.png",
    "/data/coco/images/val2014/COCO_val2014_000000331352.jpg",
    "coco-text/COCO_train2014_000000331352.jpg",  # ST-VQA
    "COCO_train2014_000000331352_16.jpg",  # RefCOCO: the same picture, another annotation
    "http://images.cocodataset.org/val2017/000000331352.jpg",
    "http://images.cocodataset.org/val2014/COCO_val2014_000000331352.jpg",
    "https://s3.us-east-1.amazonaws.com/images.cocodataset.org/val2017/000000331352.jpg?versionId=3",
    "https://mirror.example.org/x/val2017/000000331352.jpg",
    "http://mscoco.org/images/331352",
    "https://cocodataset.org/#explore?id=331352",
    "zip://val2017/000000331352.jpg::val2017.zip",
    "hf://datasets/org/name@main/val2014/COCO_val2014_000000331352.jpg",
]

OTHERS = [
    "000000331352.jpg",  # LLaVA's own files: only the recipe knows
    "331352",
    "331352.jpg",
    "VG_100K/2315353.jpg",
    "vg/VG_100K_2/2405722.jpg",
    "gqa/images/2315353.jpg",
    "gqa/images/n161313.jpg",
    "flickr30k-images/1000092795.jpg",
    "flickr30k/4852389235.jpg",
    "ocr_vqa/images/0195326806.jpg",
    "textvqa/train_images/0004c9478eeda995.jpg",
    "textvqa/train_images/000000331352.jpg",
    "VizWiz_val_00000001.jpg",
    "GCC_train_002582585.jpg",
    "sam/images/sa_331352.jpg",
    "llava/00453/004539375.jpg",
    "laion/000000331352.jpg",
    "https://s3.amazonaws.com/nocaps/val/0013ea2087020901.jpg",
    "train2017/0004c9478eeda995.jpg",  # a hash, not a number
    "train2014/0004123412341234.jpg",  # sixteen digits
    "notcoco_000000331352.jpg",
    "coconut/000000331352.jpg",
    "http://notmscoco.org/images/331352",
    "http://images.cocodataset.org/zips/val2017.zip",
    "http://images.cocodataset.org/2014/map.jpg",
]


@pytest.mark.parametrize("uri", COCO)
def test_a_picture_of_coco_has_one_key_whatever_the_year_the_folder_and_the_host(uri: str):
    assert picture_key(uri, image_id(uri)) == "coco:000000331352"


@pytest.mark.parametrize("uri", COCO)
def test_cocos_number_comes_before_the_bytes_so_that_a_picture_that_was_opened_meets_one_that_was_not(uri: str):
    assert picture_key(uri, SHA) == "coco:000000331352"


@pytest.mark.parametrize("uri", OTHERS)
def test_other_names_are_no_numbers_of_coco(uri: str):
    assert picture_key(uri, image_id(uri)) == image_id(uri)
    assert picture_key(uri, SHA) == SHA


def test_an_id_of_the_source_may_say_that_a_picture_is_cocos():
    assert picture_key("a.jpg", "COCO_val2014_000000331352") == "coco:000000331352"
    assert picture_key("a.jpg", "mine-7") == "mine-7"


@pytest.mark.parametrize(
    ("pattern", "uri", "key"),
    [
        (r"VG_100K(?:_2)?/(?P<vg>\d+)\.jpg", "vg/VG_100K_2/2405722.jpg", "vg:2405722"),
        (r"VG_100K/(?P<vg>\d+)|(?P<coco>\d{12})\.jpg", "000000033471.jpg", "coco:000000033471"),
        (r"VG_100K/(?P<vg>\d+)|(?P<coco>\d{12})\.jpg", "VG_100K/5.jpg", "vg:5"),
        (r"^(?P<coco>\d+)$", "331352", "coco:000000331352"),
        (r"^(?P<coco>.+)$", "x/331352", "coco:x/331352"),
        (r"/(?P<mine>[^/]+)$", "http://h/val2014/COCO_val2014_000000331352.jpg", "mine:COCO_val2014_000000331352.jpg"),
        (r"VG_100K/(?P<vg>\d+)", "COCO_val2014_000000331352.jpg", "coco:000000331352"),  # not found: as without
        (r"(?P<none>q*)", "a.jpg", SHA),  # nothing is no key
    ],
)
def test_the_recipes_pattern_comes_first(pattern: str, uri: str, key: str):
    assert picture_key(uri, SHA, picture_pattern(pattern)) == key


def test_a_picture_meets_its_copies_by_bytes_and_itself_by_its_address():
    web = "http://example.org/a.jpg"
    assert picture_names(SHA, SHA, web) == [SHA, image_id(web)]
    assert picture_names("vg:1", SHA, "vg/1.jpg") == ["vg:1", SHA]
    assert picture_names("coco:000000000001", SHA, web) == ["coco:000000000001", SHA]
    assert picture_names(image_id(web), image_id(web), web) == [image_id(web)]
    assert picture_names(SHA, SHA, "0001.jpg") == [SHA]  # many folders have one
