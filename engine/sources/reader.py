"""The contract of a reader, and which reader each format has.

Guarantees: every row of a file becomes one sample or one rejection with its position and reason; a file that is
unreadable as a whole is an `InputError` before anything is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, assert_never

import orjson

from engine.sources.coco_captions import CocoCaptionsReader
from engine.sources.gqa import GqaReader
from engine.sources.jsonl import JsonlReader
from recipes.sources import CocoCaptionsSource, GqaSource, JsonlSource, Source
from schemas.errors import InputError
from schemas.sample import Sample


class Reader(Protocol):
    """Reads one file of one source.

    Making a reader checks the file's shape as far as that is possible without reading all of it.
    """

    def rows(self) -> Iterator[tuple[str, Any]]:
        """(position in the file, raw row) for every row of the file, in file order.

        Raises:
            InputError: The file is unreadable as a whole.
        """

    def sample(self, raw: Any) -> Sample:
        """The sample that a raw row holds.

        Raises:
            RowError: The row is not usable.
        """


def open_source(name: str, source: Source) -> Reader:
    """The reader of a recipe's source.

    Raises:
        InputError: The file is missing or of another shape than its format.
    """
    if not source.path.is_file():
        found = "is a folder" if source.path.is_dir() else "does not exist"
        msg = f"sources.{name}.path: {source.path} {found}: give the file with --set sources.{name}.path=FILE"
        raise InputError(msg)
    where = f"sources.{name}.path: {source.path}"
    match source:
        case JsonlSource():
            return JsonlReader(source.path)
        case CocoCaptionsSource():
            return CocoCaptionsReader(_load_json(source.path, where), where)
        case GqaSource():
            return GqaReader(_load_json(source.path, where), where, source.images)
        case _:
            assert_never(source)


def _load_json(path: Path, where: str) -> Any:
    try:
        return orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        pass  # it is strict about lone surrogates, which fail their row and not the file
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        msg = f"{where}: not JSON: {error}"
        raise InputError(msg) from None
