"""ms-swift: JSON lines of ``{messages, images}`` with ``<image>`` markers in the text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.export.exporter import Add, write_line
from engine.export.images import ImageBytes
from engine.export.row import Row


@contextmanager
def swift(folder: Path, split: str, _images: ImageBytes) -> Iterator[Add]:
    """Write ``<split>.jsonl``."""
    with (folder / f"{split}.jsonl").open("wb") as file:

        def add(row: Row) -> None:
            turns = [{"role": role, "content": content} for role, content in row.turns]
            write_line(file, {"messages": turns, "images": [image.uri for image in row.images]})

        yield add
