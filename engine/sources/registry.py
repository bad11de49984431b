"""The contract of a reader, and which reader each format has.

Guarantees: every row of a source becomes one sample or one rejection with its position and reason; a source that is
unreadable as a whole is an `InputError` before anything is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, assert_never

from glotmill.engine.sources.aokvqa import AokvqaReader
from glotmill.engine.sources.coco_captions import CocoCaptionsReader
from glotmill.engine.sources.gqa import GqaReader
from glotmill.engine.sources.hub import HubReader, pinned
from glotmill.engine.sources.image_text import ImageTextReader
from glotmill.engine.sources.jsonl import JsonlReader
from glotmill.engine.sources.lines import LinesReader
from glotmill.engine.sources.llava import LlavaReader
from glotmill.engine.sources.parquet import ParquetReader
from glotmill.engine.sources.shared.field_map import RowFormat
from glotmill.engine.sources.shared.image_checks import require_libraries
from glotmill.engine.sources.vqav2 import Vqav2Reader
from glotmill.recipes.sections.sources import (
    AokvqaSource,
    CocoCaptionsSource,
    GqaSource,
    HubSource,
    ImageTextSource,
    JsonlSource,
    LinesSource,
    LlavaSource,
    ParquetSource,
    Source,
    Vqav2Source,
)
from glotmill.schemas.errors import InputError
from glotmill.schemas.sample import Sample


class Reader(Protocol):
    """Reads one source.

    Making a reader checks the source's shape as far as that is possible without reading all of it.
    """

    def rows(self) -> Iterator[tuple[str, Any]]:
        """(position, raw row) for every row of the source, in its order.

        A row that is already known to be unusable comes as its `RowError`.

        Raises:
            InputError: The source is unreadable as a whole.
        """

    def sample(self, raw: Any) -> Sample:
        """The sample that a raw row holds.

        Raises:
            RowError: The row is not usable.
        """


def located(name: str, source: Source) -> Source:
    """The source with everything about it settled: its files are there, its revision on the Hub is a commit.

    Raises:
        InputError: A file is missing, or the Hub does not know the dataset.
    """
    for key, path in source.files().items():
        if not path.is_file():
            found = "is a folder" if path.is_dir() else "does not exist"
            msg = f"sources.{name}.{key}: {path} {found}: give the file with --set sources.{name}.{key}=FILE"
            raise InputError(msg)
    if source.images.check:
        require_libraries(f"sources.{name}.images.check")
        folder = source.images.folder
        if folder is not None and not folder.is_dir():
            msg = f"sources.{name}.images.folder: {folder} is no folder; expected the one with the image files"
            raise InputError(msg)
    return pinned(name, source) if isinstance(source, HubSource) else source


def open_source(name: str, source: Source) -> Reader:
    """The reader of a recipe's source, wherever it stands.

    Raises:
        InputError: A file is missing or of another shape than its format, or the Hub does not know the dataset.
    """
    return reader_of(name, located(name, source))


def reader_of(name: str, source: Source) -> Reader:
    """The reader of a located source.

    Raises:
        InputError: A file is of another shape than its format.
    """
    where = {key: f"sources.{name}.{key}: {path}" for key, path in source.files().items()}
    match source:
        case JsonlSource():
            return JsonlReader(source.path, where["path"], RowFormat(source, source.images))
        case ParquetSource():
            return ParquetReader(source.path, where["path"], RowFormat(source, source.images))
        case CocoCaptionsSource():
            return CocoCaptionsReader(source.path, where["path"])
        case GqaSource():
            return GqaReader(source.path, where["path"], source.images)
        case Vqav2Source():
            places = where["questions"], where.get("annotations", f"sources.{name}.annotations")
            return Vqav2Reader(source.questions, source.annotations, places, source.images)
        case AokvqaSource():
            return AokvqaReader(where["path"], source)
        case LlavaSource():
            return LlavaReader(where["path"], source)
        case ImageTextSource():
            return ImageTextReader(where["path"], source)
        case LinesSource():
            places = where["path"], where.get("image_list", "")
            return LinesReader(source.path, source.image_list, places, source.images)
        case HubSource():
            at = f"repo: {source.repo}" if source.repo else f"path: {source.path}"
            return HubReader(f"sources.{name}.{at}", source, RowFormat(source, source.images))
        case _:
            assert_never(source)
