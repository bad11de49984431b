"""Images with a caption each, as web captions come: a TSV, CSV, JSON-lines or JSON-list file, by column names.

Guarantees: reads as a stream; a row with too few or too many cells, or with broken quotes, fails alone; outer white
space of a caption is taken off.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath
from typing import Any, Literal

from pydantic import Field

from glotmill.engine.sources.contract import Reader, SourceMember, where_of
from glotmill.engine.sources.jsonl import json_lines, json_object
from glotmill.engine.sources.shared.field_map import NO_ID, content_id, value_at
from glotmill.engine.sources.shared.glotmill_format import own_image
from glotmill.engine.sources.shared.json_stream import rows_of_list
from glotmill.engine.sources.shared.media import refuse_media
from glotmill.engine.sources.shared.message_turns import caption_turns
from glotmill.engine.sources.shared.text_files import LONGEST_LINE, decoded, lines, opened
from glotmill.engine.sources.shared.typed_values import identifier, mapping, text
from glotmill.recipes.section import Section
from glotmill.recipes.sections.sources import FieldPath, FileSource
from glotmill.schemas.errors import InputError, RowError, shortened
from glotmill.schemas.languages import nearest
from glotmill.schemas.sample import Sample


class CaptionFields(Section):
    """Which column holds what in a file of images and captions.

    Attributes:
        caption: The caption.
        image: The image's URI or name; None is ``image``, or ``url`` in a row without ``image``.
        id: The row's id; None knows a row by the hash of its content.
    """

    caption: FieldPath = "caption"
    image: FieldPath | None = None
    id: FieldPath | None = None


class ImageTextSource(FileSource):
    """Images with a caption each: a TSV, CSV, JSON-lines or JSON-list file.

    Attributes:
        layout: How the file is laid out; None tells from its name (``.tsv``, ``.csv``, ``.jsonl``, ``.json``).
        columns: Names of the columns of a TSV or CSV file; None reads them from its first line.
        fields: Which column holds what.
    """

    format: Literal["image_text"]
    layout: Literal["tsv", "csv", "jsonl", "json"] | None = None
    columns: list[str] | None = Field(None, min_length=1)
    fields: CaptionFields = CaptionFields()


LAYOUTS = {".tsv": "tsv", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json"}


class ImageTextReader:
    """Reads samples from a file of images and captions."""

    def __init__(self, where: str, source: ImageTextSource) -> None:
        self._where = where
        self._source = source
        self._layout = source.layout or _told_layout(source.path.name, where)
        if self._layout in ("tsv", "csv"):
            self._columns = source.columns or self._header()
            self._check_columns()
        elif source.columns:
            msg = f"{where}: 'columns' are for tsv and csv; a {self._layout} row names its own"
            raise InputError(msg)
        if self._layout == "json":
            for _ in self._values():
                break

    def _header(self) -> list[str]:
        for _, cells in self._tables():
            if not isinstance(cells, RowError):
                return cells
            break
        msg = f"{self._where}: expected a first line with the names of the columns; or give 'columns'"
        raise InputError(msg)

    def _check_columns(self) -> None:
        fields = self._source.fields
        for name in (fields.caption, fields.image, fields.id):
            if name is not None and name not in self._columns:
                raise self._no_column(name)
        if fields.image is None and not {"image", "url"} & set(self._columns):
            raise self._no_column("image")
        twice = next((name for name, count in Counter(self._columns).items() if count > 1), None)
        if twice is not None:
            msg = f"{self._where}: the column '{shortened(twice)}' appears twice; expected a name for each"
            raise InputError(msg)

    def _no_column(self, name: str) -> InputError:
        like = ", ".join((nearest(name, self._columns) or self._columns)[:5])[:100]
        without = "" if self._source.columns else "; where the first line is a row, name the columns: 'columns'"
        return InputError(f"{self._where}: no column '{name}', found one such as {like!r}{without}")

    def _values(self) -> Iterator[Any]:
        return rows_of_list(self._source.path, self._where, "a list of objects with a caption each")

    def rows(self) -> Iterator[tuple[str, Any]]:
        """(``line N`` or ``[N]``, row) in file order."""
        if self._layout == "json":
            for number, value in enumerate(self._values()):
                yield f"[{number}]", value
            return
        if self._layout == "jsonl":
            yield from json_lines(self._source.path, self._where)
            return
        tables = self._tables()
        if self._source.columns is None:
            next(tables)
        for position, cells in tables:
            yield position, cells if isinstance(cells, RowError) else self._named(cells)

    def _named(self, cells: list[str]) -> dict[str, str] | RowError:
        if len(cells) != len(self._columns):
            return RowError("cell_count", f"{len(cells)} cells for {len(self._columns)} columns")
        return {name: cell for name, cell in zip(self._columns, cells, strict=True) if cell}

    def _tables(self) -> Iterator[tuple[str, list[str] | RowError]]:
        """(``line N``, cells) of every row that is not blank."""
        if self._layout == "csv":
            yield from self._csv()
            return
        for number, line in lines(self._source.path, self._where):
            if isinstance(line, RowError):
                yield f"line {number}", line
            elif line and not line.isspace():
                yield f"line {number}", decoded(line).split("\t")

    def _csv(self) -> Iterator[tuple[str, list[str] | RowError]]:
        with opened(self._source.path, self._where) as file:
            # Quotes left open end at the longest cell that csv reads (128 KiB), not at the file's end.
            content = io.TextIOWrapper(file, "utf-8", "surrogateescape", newline="")
            # A line that is too long comes in parts, whose cells csv refuses.
            reader = csv.reader(iter(lambda: content.readline(LONGEST_LINE), ""), strict=True)
            while True:
                line = reader.line_num + 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield f"line {line}", RowError("bad_csv", str(error))
                else:
                    if cells:
                        yield f"line {line}", cells

    def sample(self, raw: Any) -> Sample:
        """The sample of one row."""
        row = json_object(raw) if isinstance(raw, bytes) else mapping(raw)
        fields = self._source.fields
        image = fields.image or ("image" if "image" in row else "url")
        found = {
            "caption": value_at(row, fields.caption.split(".")),
            "image": value_at(row, image.split(".")),
        }
        if found["image"] is None:
            refuse_media(row)
            raise RowError("missing_field.image")
        sample = Sample(
            row_id=NO_ID,
            task="caption",
            messages=caption_turns(text(found, "caption").strip()),
            images=(own_image(found["image"], self._source.images),),
        )
        if fields.id is None:
            return replace(sample, row_id=content_id(sample))
        return replace(sample, row_id=identifier({"id": value_at(row, fields.id.split("."))}, "id"))


def _told_layout(name: str, where: str) -> str:
    suffix = PurePath(name.removesuffix(".gz")).suffix.lower()
    if suffix not in LAYOUTS:
        msg = f"{where}: '{suffix}' tells no layout; expected {', '.join(LAYOUTS)} (.gz too), or 'layout' in the recipe"
        raise InputError(msg)
    return LAYOUTS[suffix]


def _reader(name: str, source: ImageTextSource) -> Reader:
    return ImageTextReader(where_of(name, source), source)


MEMBER = SourceMember(
    ImageTextSource,
    _reader,
    row=("images with a caption each: TSV, CSV, JSON lines, JSON list", "the mapped one, or the content"),
)
