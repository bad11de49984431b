"""ms-swift: JSON lines of ``{messages, images}`` with ``<image>`` markers in the text.

ms-swift drops columns that it does not know, such as ``turn_langs``, unless ``--remove_unused_columns false`` says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from glotmill.engine.export.contract import Add, ExporterMember, write_line
from glotmill.engine.export.shared.image_bytes import ImageBytes
from glotmill.engine.export.shared.row import Row


@contextmanager
def swift(folder: Path, split: str, _images: ImageBytes) -> Iterator[Add]:
    """Write ``<split>.jsonl``."""
    with (folder / f"{split}.jsonl").open("wb") as file:

        def add(row: Row) -> None:
            turns = [{"role": role, "content": content} for role, content in row.turns]
            images = [image.uri for image in row.images]
            write_line(file, {"messages": turns, "images": images, "turn_langs": row.turn_langs})

        yield add


MEMBER = ExporterMember(swift, row=("`<split>.jsonl`: `messages`, `images`, markers in the text", "ms-swift"))
