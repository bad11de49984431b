"""WebDataset: tar files of about a gigabyte, each row as ``<key>.json`` and its images as ``<key>.<n>.<ending>``."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import orjson

from glotmill.engine.export.contract import Add, ExporterMember
from glotmill.engine.export.shared.image_bytes import ImageBytes
from glotmill.engine.export.shared.row import Row
from glotmill.schemas.errors import InputError

TAR_BYTES = 1_000_000_000
# First bytes of a file, and the ending by which readers choose a decoder.
MAGIC = ((b"\xff\xd8\xff", "jpg"), (b"\x89PNG", "png"), (b"GIF8", "gif"), (b"RIFF", "webp"))

ENDING = re.compile(r"[a-z0-9]{1,8}")


@contextmanager
def webdataset(folder: Path, split: str, images: ImageBytes) -> Iterator[Add]:
    """Write ``<split>-000000.tar`` and so on.

    Raises:
        InputError: Nobody has the bytes of the images.
    """
    if not images:
        msg = "--format webdataset holds the bytes of images: give --images FOLDER, or build with images.store: true"
        raise InputError(msg)
    tars: list[tarfile.TarFile] = []
    written = 0

    def add(row: Row) -> None:
        nonlocal written
        data = [images.read(image) for image in row.images]
        key = row.record_id.replace(":", "-").replace(".", "-")
        turns = [{"role": role, "content": content} for role, content in row.turns]
        names = [
            f"{number}.{_ending(image, ref.uri)}"
            for number, (image, ref) in enumerate(zip(data, row.images, strict=True))
        ]
        content = {
            "record_id": row.record_id, "messages": turns, "images": names, "language": row.language,
            "turn_langs": row.turn_langs, "task": row.task, "license": row.license,
        }  # fmt: skip
        if not tars or written >= TAR_BYTES:
            if tars:
                tars[-1].close()
            tars.append(tarfile.TarFile(folder / f"{split}-{len(tars):06}.tar", "w"))
            written = 0
        for name, member in (("json", orjson.dumps(content)), *zip(names, data, strict=True)):
            info = tarfile.TarInfo(f"{key}.{name}")
            info.size = len(member)
            tars[-1].addfile(info, io.BytesIO(member))
            written += len(member)

    try:
        yield add
    finally:
        if tars:
            tars[-1].close()


def _ending(data: bytes, uri: str) -> str:
    """What a member's name ends with; a name of a source's own is not taken where tar readers could trip over it."""
    found = next((ending for magic, ending in MAGIC if data.startswith(magic)), None)
    named = PurePosixPath(uri).suffix.removeprefix(".").lower()
    return found or (named if ENDING.fullmatch(named) else "bin")


MEMBER = ExporterMember(
    webdataset, holds_images=True, row=("`<split>-000000.tar`: `<key>.json` and `<key>.<n>.<ending>`", "WebDataset")
)
