"""JSON lines: Glotmill's own sample format, or any other by a field map. docs/sources.md shows both.

Guarantees: reads as a stream, so memory does not grow with the file; a line that is not a sample is rejected
with its line number; blank lines are not rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import orjson

from glotmill.engine.sources.contract import Reader, SourceMember, where_of
from glotmill.engine.sources.shared.field_map import RowFormat
from glotmill.engine.sources.shared.text_files import LinesPortion, line_portions, lines
from glotmill.engine.sources.shared.typed_values import mapping
from glotmill.recipes.sections.sources import FileSource, Mapped
from glotmill.schemas.errors import RowError
from glotmill.schemas.sample import Sample


class JsonlSource(FileSource, Mapped):
    """JSON lines: Glotmill's own sample format, or any other by its ``fields`` (docs/sources.md)."""

    format: Literal["jsonl"]


class JsonlReader:
    """Reads samples from a JSON-lines file."""

    def __init__(self, path: Path, where: str, rows: RowFormat) -> None:
        self._path = path
        self._where = where
        self._format = rows

    def rows(self) -> Iterator[tuple[str, bytes | RowError]]:
        """(``line N``, line) of every line that is not blank."""
        return json_lines(self._path, self._where)

    def portions(self) -> list[LinesPortion]:
        """Portions of its lines."""
        return line_portions(self._path, self._where)

    def rows_of(self, portion: LinesPortion) -> Iterator[tuple[str, bytes | RowError]]:
        """The rows of one."""
        return json_lines(self._path, self._where, portion)

    def sample(self, raw: bytes) -> Sample:
        """The sample of one line."""
        return self._format.sample(json_object(raw))


def json_lines(path: Path, where: str, portion: LinesPortion | None = None) -> Iterator[tuple[str, bytes | RowError]]:
    """(``line N``, line) of every line of a file, or of a portion of it, that is not blank."""
    for number, line in lines(path, where, portion):
        if isinstance(line, RowError) or (line and not line.isspace()):
            yield f"line {number}", line


def json_object(line: bytes) -> dict[str, Any]:
    """The object of one line.

    Raises:
        RowError: The line is no JSON, or no object.
    """
    try:
        return mapping(orjson.loads(line))
    except orjson.JSONDecodeError as error:
        raise RowError("bad_json", str(error)) from None


def _reader(name: str, source: JsonlSource) -> Reader:
    return JsonlReader(source.path, where_of(name, source), RowFormat(source, source.images))


MEMBER = SourceMember(
    JsonlSource,
    _reader,
    row=("JSON lines: Glotmill's own format, or any other by its `fields`", "`id`, or the mapped one, or the content"),
)
