"""What every format does: take rows of one split after another, and leave whole files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import orjson

from glotmill.engine.export.shared.image_bytes import ImageBytes
from glotmill.engine.export.shared.row import Row


class Add(Protocol):
    """Writes one row.

    Raises:
        RowError: The format cannot hold it.
    """

    def __call__(self, row: Row, /) -> None:
        """Write one row."""


class Exporter(Protocol):
    """A format.

    Args:
        folder: Where its files go.
        split: The split whose rows come.
        images: The bytes of images, where there are any.

    Returns:
        A context whose value writes a row; the files are whole when it ends.
    """

    def __call__(self, folder: Path, split: str, images: ImageBytes, /) -> AbstractContextManager[Add]:
        """Begin a split."""


@dataclass(frozen=True, slots=True)
class ExporterMember:
    """A format as a member of the family: what a module of ours calls ``MEMBER``, or an entry point leads to.

    Attributes:
        exporter: Writes the rows of one split.
        holds_images: Whether the files hold the bytes of images, which must then be at hand.
        row: For a member of ours its row in docs/publishing.md: its files, and whom they are for.
    """

    exporter: Exporter
    holds_images: bool = False
    row: tuple[str, ...] = ()


@contextmanager
def json_list(path: Path) -> Iterator[IO[bytes]]:
    """A file that holds a JSON list, an item a line, for `write_item`."""
    with path.open("wb") as file:
        file.write(b"[")
        yield file
        file.write(b"\n]\n")


def write_item(file: IO[bytes], item: dict[str, Any]) -> None:
    """Add an item to a JSON list."""
    file.write(b"\n" if file.tell() == 1 else b",\n")
    file.write(orjson.dumps(item))


def write_line(file: IO[bytes], item: dict[str, Any]) -> None:
    """Add a line to a JSON-lines file."""
    file.write(orjson.dumps(item) + b"\n")
