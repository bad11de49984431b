"""TRL: Parquet with ``messages`` of typed parts and ``images``, which its SFT trainer puts into the image parts.

An image part holds nothing but its type, and no column is called ``image``: TRL would take either for a decoded image.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Features, Image, List, Value

from glotmill.engine.export.contract import Add, ExporterMember
from glotmill.engine.export.shared.image_bytes import ImageBytes
from glotmill.engine.export.shared.row import Row, parts

FEATURES = Features(
    {
        "messages": List(
            {"role": Value("string"), "content": List({"type": Value("string"), "text": Value("string")})}
        ),
        "images": List(Image()),
        "record_id": Value("string"),
        "language": Value("string"),
        "turn_langs": List(Value("string")),
    }
)
BATCH_ROWS = 1000  # a row may hold the bytes of its images


@contextmanager
def trl(folder: Path, split: str, images: ImageBytes) -> Iterator[Add]:
    """Write ``<split>.parquet``; images are paths, or bytes where the dataset or a folder has them."""
    schema = FEATURES.arrow_schema
    waiting: list[dict[str, Any]] = []
    with pq.ParquetWriter(folder / f"{split}.parquet", schema, compression="zstd") as writer:

        def flush() -> None:
            writer.write_table(pa.Table.from_pylist(waiting, schema=schema))
            waiting.clear()

        def add(row: Row) -> None:
            waiting.append(
                {
                    "messages": [{"role": role, "content": _typed(content)} for role, content in row.turns],
                    "images": [
                        {"path": image.uri, "bytes": images.read(image) if images else None} for image in row.images
                    ],
                    "record_id": row.record_id,
                    "language": row.language,
                    "turn_langs": row.turn_langs,
                }
            )
            if len(waiting) == BATCH_ROWS:
                flush()

        yield add
        flush()


def _typed(content: str) -> list[dict[str, str]]:
    return [{"type": "image"} if part is None else {"type": "text", "text": part} for part in parts(content)]


MEMBER = ExporterMember(trl, row=("`<split>.parquet`: `messages` of typed parts, `images`", "TRL"))
