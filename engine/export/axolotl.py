"""Axolotl: JSON lines of messages whose content is typed parts; an image part holds its URL or path.

Axolotl reads ``messages``, and takes any key with ``image`` in its name for a picture; it passes over ``turn_langs``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from glotmill.engine.export.contract import Add, ExporterMember, write_line
from glotmill.engine.export.shared.image_bytes import ImageBytes
from glotmill.engine.export.shared.row import ImageRef, Row, parts


@contextmanager
def axolotl(folder: Path, split: str, _images: ImageBytes) -> Iterator[Add]:
    """Write ``<split>.jsonl``."""
    with (folder / f"{split}.jsonl").open("wb") as file:

        def add(row: Row) -> None:
            waiting = iter(row.images)
            messages = [
                {
                    "role": role,
                    "content": [
                        {"type": "text", "text": part} if part is not None else _image(next(waiting))
                        for part in parts(content)
                    ],
                }
                for role, content in row.turns
            ]
            write_line(file, {"messages": messages, "turn_langs": row.turn_langs})

        yield add


def _image(image: ImageRef) -> dict[str, str]:
    return {"type": "image", ("url" if "://" in image.uri else "path"): image.uri}


MEMBER = ExporterMember(
    axolotl, row=("`<split>.jsonl`: `messages` of typed parts with the image's `path` or `url`", "Axolotl")
)
