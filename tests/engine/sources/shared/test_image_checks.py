"""Opening images: statuses, what is recorded, what is rejected."""

from __future__ import annotations

import os
import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from glotmill.engine.sources import located
from glotmill.engine.sources.parquet import ParquetSource
from glotmill.engine.sources.shared import image_checks as module
from glotmill.engine.sources.shared.image_checks import ImageChecker
from glotmill.recipes.sections.images import Images
from glotmill.schemas.errors import InputError, RowError
from glotmill.schemas.keys import bytes_sha256, image_id
from glotmill.schemas.sample import Image, ImageCheck, Sample


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48), other: bool = False) -> bytes:
    """A gradient, so that its perceptual hash says something."""
    image = (Pillow.radial_gradient("L") if other else Pillow.linear_gradient("L")).resize(size)
    buffer = BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def sample(*uris: str, **known: Any) -> Sample:
    images = tuple(Image(image_id(uri), uri, **known) for uri in uris)
    return Sample("1", "caption", (("user", "<image>" * len(uris)), ("assistant", "A dog.")), images)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "images"
    (root / "val").mkdir(parents=True)
    (root / "val/a.jpg").write_bytes(picture())
    (root / "val/wrong_name.jpg").write_bytes(picture("PNG", (10, 20)))
    (root / "val/cut.jpg").write_bytes(picture()[:-200])
    (root / "val/empty.jpg").write_bytes(b"")
    (root / "val/text.jpg").write_bytes(b"<html>404 not found</html>")
    (tmp_path / "secret.jpg").write_bytes(picture())
    return root


def checker(folder: Path, **keys: Any) -> ImageChecker:
    return ImageChecker(Images(check=True, folder=folder, **keys))


def status(folder: Path, uri: str, **keys: Any) -> str:
    (check,) = checker(folder, **keys).checked(sample(uri)).image_checks or ()
    return check.status


def test_an_image_that_decodes_is_known_by_its_bytes_size_type_and_perceptual_hash(folder: Path):
    found = checker(folder).checked(sample("val/a.jpg", mime="image/gif", width=1))
    sha256 = bytes_sha256(picture())
    assert found.images == (Image(f"sha256:{sha256}", "val/a.jpg", 64, 48, "image/jpeg"),)
    (check,) = found.image_checks or ()
    assert (check.status, check.sha256) == ("ok", sha256)
    assert len(check.phash or "") == 16


def test_the_perceptual_hash_knows_a_picture_in_another_format_and_not_another_picture(folder: Path):
    for name, data in (("b.png", picture("PNG", (128, 96))), ("c.jpg", picture(other=True))):
        (folder / name).write_bytes(data)
    found = checker(folder).checked(sample("val/a.jpg", "b.png", "c.jpg"))
    first, same, other = (int(check.phash or "", 16) for check in found.image_checks or ())
    assert (first ^ same).bit_count() <= 6
    assert (first ^ other).bit_count() >= 16


def test_the_type_is_told_by_the_bytes_and_not_by_the_name(folder: Path):
    (image,) = checker(folder).checked(sample("val/wrong_name.jpg")).images
    assert (image.mime, image.width, image.height) == ("image/png", 10, 20)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("val/a.jpg", "ok"),
        ("val/nowhere.jpg", "missing"),
        ("val", "missing"),
        ("val/a.jpg/b.jpg", "missing"),
        ("val/a\x00.jpg", "missing"),
        ("val/cut.jpg", "broken"),
        ("val/empty.jpg", "broken"),
        ("val/text.jpg", "broken"),
        ("../secret.jpg", "outside"),
        ("val/../../secret.jpg", "outside"),
        ("val/../val/a.jpg", "ok"),
        ("http://i.org/val/a.jpg", "remote"),
        ("file:///etc/passwd", "remote"),
    ],
)
def test_each_image_has_a_status(folder: Path, uri: str, expected: str):
    assert status(folder, uri) == expected


def test_a_link_that_leads_out_of_the_folder_is_outside(folder: Path):
    (folder / "alone.jpg").symlink_to(folder.parent / "secret.jpg")
    (folder / "relative.jpg").symlink_to("../secret.jpg")
    (folder / "up").symlink_to(folder.parent)
    (folder / "chain.jpg").symlink_to(folder / "up" / "secret.jpg")
    for uri in ("alone.jpg", "relative.jpg", "up/secret.jpg", "chain.jpg", "up/images/../secret.jpg"):
        assert status(folder, uri) == "outside"
    with pytest.raises(RowError, match="image_outside"):
        checker(folder, reject=True).checked(sample("alone.jpg"))


def test_links_inside_the_folder_and_a_folder_that_is_a_link_are_fine(folder: Path):
    (folder / "same.jpg").symlink_to("val/a.jpg")
    (folder / "other").symlink_to(folder / "val")
    (folder / "loop.jpg").symlink_to("loop.jpg")
    (folder.parent / "link").symlink_to(folder)
    for root in (folder, folder.parent / "link"):
        assert status(root, "val/a.jpg") == "ok"
        assert status(root, "same.jpg") == "ok"
        assert status(root, "other/a.jpg") == "ok"
        assert status(root, "loop.jpg") == "broken"


def test_a_pipe_is_no_image_and_nobody_waits_for_it(folder: Path):
    os.mkfifo(folder / "pipe.jpg")
    assert status(folder, "pipe.jpg") == "missing"


def test_an_absolute_path_is_outside_unless_it_leads_into_the_folder(folder: Path):
    assert status(folder, str(folder.parent / "secret.jpg")) == "outside"
    assert status(folder, str(folder / "val/a.jpg")) == "ok"


def test_the_base_of_a_uri_is_taken_off_before_the_folder(folder: Path):
    assert status(folder, "http://images.cocodataset.org/val/a.jpg", base="http://images.cocodataset.org/") == "ok"


def test_what_was_not_seen_keeps_what_the_source_said_of_it(folder: Path):
    before = sample("val/nowhere.jpg", width=640, height=480, mime="image/jpeg")
    after = checker(folder).checked(before)
    assert after.images == before.images
    assert after.image_checks == (ImageCheck("missing"),)


def test_a_broken_image_has_a_checksum_and_no_size(folder: Path):
    after = checker(folder).checked(sample("val/cut.jpg"))
    (check,) = after.image_checks or ()
    assert (check.sha256, check.phash, after.images[0].width) == (bytes_sha256(picture()[:-200]), None, None)


@pytest.mark.parametrize(
    ("uri", "reason"),
    [("val/nowhere.jpg", "image_missing"), ("val/cut.jpg", "image_broken"), ("../secret.jpg", "image_outside")],
)
def test_where_the_recipe_says_so_the_row_is_rejected(folder: Path, uri: str, reason: str):
    with pytest.raises(RowError) as caught:
        checker(folder, reject=True).checked(sample("val/a.jpg", uri))
    assert (caught.value.reason, caught.value.detail) == (reason, uri)
    assert checker(folder, reject=True).checked(sample("val/a.jpg", "http://i.org/a.jpg"))


def test_statuses_are_counted_by_reference(folder: Path):
    found = checker(folder)
    for uris in (["val/a.jpg"], ["val/a.jpg", "val/nowhere.jpg"], ["http://i.org/a.jpg"]):
        found.checked(sample(*uris))
    assert found.counts == {"ok": 2, "missing": 1, "remote": 1}


def test_an_image_of_several_rows_is_opened_once(folder: Path, monkeypatch: pytest.MonkeyPatch):
    opened = []
    monkeypatch.setattr(module, "_decoded", lambda data: opened.append(data) or (1, 1, "image/png", "0" * 16))
    found = checker(folder)
    for _ in range(3):
        found.checked(sample("val/a.jpg"))
    assert len(opened) == 1


def test_bytes_that_the_source_carries_are_judged_without_a_folder_and_not_kept():
    kept = []
    found = ImageChecker(Images(check=True), lambda image, check: kept.append((image.data, check.status)))
    before = sample("1.jpg")
    carried = Image("sha256:x", "1.jpg", data=picture())
    after = found.checked(Sample("1", "caption", before.messages, (carried,)))
    assert (after.images[0].data, after.images[0].width) == (None, 64)
    assert kept == [(picture(), "ok")]


def bomb() -> bytes:
    """A PNG that claims 30,000 x 30,000 pixels in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def test_a_decompression_bomb_is_broken(folder: Path):
    (folder / "bomb.png").write_bytes(bomb())
    assert status(folder, "bomb.png") == "broken"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_damage_anywhere_is_a_status_and_never_an_error(folder: Path, kind: str):
    data = picture(kind)
    seen = set()
    for place in range(0, len(data), max(1, len(data) // 60)):
        damaged = data[:place] + bytes(b ^ 0xFF for b in data[place : place + 7]) + data[place + 7 :]
        (folder / "x").write_bytes(damaged)
        seen.add(status(folder, "x"))
        (folder / "x").write_bytes(data[:place])
        seen.add(status(folder, "x"))
    assert seen <= {"ok", "broken"}
    assert "broken" in seen


def test_without_the_libraries_the_line_says_what_installs_them(monkeypatch: pytest.MonkeyPatch, folder: Path):
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    source = ParquetSource(format="parquet", path=folder / "val/a.jpg", license="mit", images=Images(check=True))
    with pytest.raises(InputError, match=r"sources\.s\.images\.check: .*: pip install 'glotmill\[images\]'"):
        located("s", source)


def test_a_folder_that_is_not_there_is_refused_before_anything_is_read(folder: Path):
    images = Images(check=True, folder=folder / "nowhere")
    source = ParquetSource(format="parquet", path=folder / "val/a.jpg", license="mit", images=images)
    with pytest.raises(InputError, match=r"sources\.s\.images\.folder: .*nowhere is no folder"):
        located("s", source)
