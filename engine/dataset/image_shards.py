"""The config ``images`` of a dataset: the bytes of its images, each once, where the license allows copies.

Guarantees: the same images in the same order give the same bytes; at most `GROUP` images in memory.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Features, Value
from datasets import Image as ImageFeature

from glotmill.engine.dataset.shards import WRITER
from glotmill.schemas.keys import file_sha256
from glotmill.schemas.sample import Image, ImageCheck

CONFIG = "images"
GROUP = 100  # images of a row group
SHARD_BYTES = 500_000_000

FEATURES = Features(
    {
        "image_id": Value("string"),
        "image": ImageFeature(),
        "width": Value("int32"),
        "height": Value("int32"),
        "mime": Value("string"),
        "phash": Value("string"),
        "license": Value("string"),
    }
)


class ImageStore:
    """Writes the images of a dataset; without one, it writes no file.

    Args:
        root: The dataset's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen: set[str] = set()
        self._rows: list[dict[str, Any]] = []
        self._writer: pq.ParquetWriter | None = None
        self._shards = 0
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        self._close()

    def add(self, image: Image, check: ImageCheck, license_id: str) -> None:
        """Write an image, unless it is there already."""
        if image.image_id in self._seen:
            return
        self._seen.add(image.image_id)
        name = PurePosixPath(image.uri).name
        self._rows.append(
            {
                "image_id": image.image_id,
                "image": {"bytes": image.data, "path": name or None},
                "width": image.width,
                "height": image.height,
                "mime": image.mime,
                "phash": check.phash,
                "license": license_id,
            }
        )
        if len(self._rows) == GROUP:
            self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        if self._writer is None:
            folder = self._root / CONFIG
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"train-{self._shards:05d}.parquet"
            self._writer = pq.ParquetWriter(path, FEATURES.arrow_schema, **WRITER)
            self._shards += 1
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=FEATURES.arrow_schema))
        self._bytes += sum(len(row["image"]["bytes"]) for row in self._rows)
        self._rows = []
        if self._bytes >= SHARD_BYTES:
            self._close()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer, self._bytes = None, 0


def image_shards(root: Path) -> list[dict[str, Any]]:
    """The image files of a dataset as its manifest describes them: path, checksum, bytes and rows."""
    return [
        {
            "path": path.relative_to(root).as_posix(),
            "sha256": file_sha256(path),
            "size": path.stat().st_size,
            "rows": pq.read_metadata(path).num_rows,
        }
        for path in sorted((root / CONFIG).glob("train-*.parquet"))
    ]
