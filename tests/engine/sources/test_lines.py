from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from glotmill.engine.sources import open_source
from glotmill.engine.sources.lines import LinesSource
from glotmill.schemas.errors import InputError

TEXT = b"A man sleeping.\nTwo dogs.\n"


@pytest.fixture
def read(tmp_path: Path):
    def go(text: bytes, names: bytes | None = None, **keys: Any):
        paths = {"path": tmp_path / "train.en"}
        paths["path"].write_bytes(text)
        if names is not None:
            paths["image_list"] = tmp_path / "train_images.txt"
            paths["image_list"].write_bytes(names)
        return open_source("lines", LinesSource(format="lines", license="mit", **paths, **keys))

    return go


def test_a_line_is_a_caption_whose_number_is_its_id(read, samples):
    found = samples(read(TEXT, b"1.jpg\n2.jpg\n", images={"base": "flickr/"}))
    assert [(s.row_id, s.messages, s.images[0].uri) for s in found] == [
        ("1", (("user", "<image>"), ("assistant", "A man sleeping.")), "flickr/1.jpg"),
        ("2", (("user", "<image>"), ("assistant", "Two dogs.")), "flickr/2.jpg"),
    ]


def test_without_a_list_of_images_there_are_captions_only(read, samples):
    first, _ = samples(read(TEXT))
    assert (first.messages, first.images) == ((("assistant", "A man sleeping."),), ())


def test_files_may_be_compressed_each_by_itself(read, samples):
    packed = samples(read(gzip.compress(TEXT), b"1.jpg\n2.jpg\n"))
    assert packed == samples(read(TEXT, gzip.compress(b"1.jpg\n2.jpg\n")))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "empty_text.caption"),
        (b" \t ", "empty_text.caption"),
        (b"A\x00man.", "nul_character"),
        (b"A caf\xe9.", "bad_unicode"),
        (b"An <image>.", "image_marker_outside_user_turn"),
    ],
)
def test_a_bad_line_is_rejected_and_still_counts(read, outcomes, line: bytes, reason: str):
    (first, bad), (second, good) = outcomes(read(line + b"\nTwo dogs.\n", b"1.jpg\n2.jpg\n"))
    assert (first, bad[0], second, good.row_id) == ("line 1", reason, "line 2", "2")


def test_a_line_without_the_name_of_an_image_is_rejected(read, reasons):
    assert reasons(read(TEXT, b"\n2.jpg\n")) == ["empty_text.image", "ok"]


def test_a_last_line_without_an_end_is_a_line(read, samples):
    assert len(samples(read(TEXT.rstrip(), b"1.jpg\n2.jpg\n"))) == 2


@pytest.mark.parametrize(("images", "count"), [(b"1.jpg\n", 1), (b"1.jpg\n2.jpg\n3.jpg\n", 3), (b"", 0)])
def test_files_of_unequal_length_are_refused(read, images: bytes, count: int):
    with pytest.raises(
        InputError, match=rf"^sources\.lines\.image_list: .*: {count} lines, but 2 captions in train\.en"
    ):
        read(TEXT, images)


def test_a_list_that_is_not_there_is_refused_with_the_option_that_gives_one(tmp_path: Path):
    (tmp_path / "a").write_bytes(TEXT)
    source = LinesSource(format="lines", license="mit", path=tmp_path / "a", image_list=tmp_path / "b")
    with pytest.raises(InputError, match=r"does not exist: give the file with --set sources\.s\.image_list=FILE"):
        open_source("s", source)


def test_the_real_files_are_read(shared_data: Path, samples):
    found = samples(
        open_source("m", LinesSource(format="lines", license="other", path=shared_data / "multi30k/val.en.gz"))
    )
    assert (len(found), found[-1].row_id) == (1_014, "1014")
