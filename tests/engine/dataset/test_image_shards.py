from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from datasets import load_dataset
from PIL import Image as Pillow

from glotmill.engine.dataset import image_shards as module
from glotmill.engine.dataset.image_shards import ImageStore, image_shards
from glotmill.schemas.keys import file_sha256
from glotmill.schemas.sample import Image, ImageCheck


def picture(shade: int) -> bytes:
    buffer = BytesIO()
    Pillow.new("RGB", (4, 3), (shade, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def add(store: ImageStore, *numbers: int) -> None:
    for number in numbers:
        image = Image(f"sha256:{number}", f"coco/{number}.png", 4, 3, "image/png", picture(number))
        store.add(image, ImageCheck("ok", str(number), "0" * 16), "cc-by-4.0")


def test_each_image_is_written_once_with_license_size_and_hash(tmp_path: Path):
    with ImageStore(tmp_path) as store:
        add(store, 1, 2, 1)
    rows = pq.read_table(tmp_path / "images/train-00000.parquet").to_pylist()
    assert [row["image_id"] for row in rows] == ["sha256:1", "sha256:2"]
    assert rows[0] == {
        "image_id": "sha256:1", "image": {"bytes": picture(1), "path": "1.png"}, "width": 4, "height": 3,
        "mime": "image/png", "phash": "0" * 16, "license": "cc-by-4.0",
    }  # fmt: skip


def test_datasets_opens_it_as_images(tmp_path: Path):
    with ImageStore(tmp_path) as store:
        add(store, 1, 2)
    found = load_dataset("parquet", data_files=str(tmp_path / "images/*.parquet"), split="train", cache_dir=tmp_path)
    assert found[1]["image"].size == (4, 3)
    assert found[1]["image"].getpixel((0, 0)) == (2, 0, 0)


def test_row_groups_are_short_and_files_of_a_bounded_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "GROUP", 3)
    monkeypatch.setattr(module, "SHARD_BYTES", 5 * len(picture(1)))
    with ImageStore(tmp_path) as store:
        add(store, *range(8))
    shards = image_shards(tmp_path)
    assert [(shard["path"], shard["rows"]) for shard in shards] == [
        ("images/train-00000.parquet", 6), ("images/train-00001.parquet", 2),
    ]  # fmt: skip
    assert pq.read_metadata(tmp_path / shards[0]["path"]).num_row_groups == 2
    assert shards[0]["sha256"] == file_sha256(tmp_path / shards[0]["path"])


def test_the_same_images_give_the_same_bytes(tmp_path: Path):
    for name in ("a", "b"):
        with ImageStore(tmp_path / name) as store:
            add(store, 1, 2, 3)
    first, second = image_shards(tmp_path / "a"), image_shards(tmp_path / "b")
    assert first == second


def test_without_an_image_nothing_is_written(tmp_path: Path):
    with ImageStore(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []
    assert image_shards(tmp_path) == []
