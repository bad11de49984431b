"""mBLIP: a JSON list of ``{context, label, image_id}``, one image and one answer each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.export.exporter import Add, json_list, write_item
from engine.export.images import ImageBytes
from engine.export.row import Row, parts
from schemas.errors import RowError


@contextmanager
def mblip(folder: Path, split: str, _images: ImageBytes) -> Iterator[Add]:
    """Write ``<split>.json``: every answer of a conversation is an item, its context all that was said before."""
    with json_list(folder / f"{split}.json") as file:

        def add(row: Row) -> None:
            if len(row.images) != 1:
                raise RowError("image_count", f"mBLIP takes one image a row, not {len(row.images)}")
            said: list[str] = []
            for role, content in row.turns:
                text = "\n".join(part for part in parts(content) if part is not None)
                if role == "assistant":
                    write_item(file, {"context": "\n".join(said), "label": text, "image_id": row.images[0].uri})
                if text:
                    said.append(text)

        yield add
