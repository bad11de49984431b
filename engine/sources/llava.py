"""LLaVA's files: conversations of ``human`` and ``gpt`` about an image, as a JSON list or JSON lines.

Guarantees: every picture of ``image`` or ``images`` is in the sample, and a row with a video or sound is rejected; an
``<image>`` marker stands for each picture, put before the first user turn where there is none; a marker in an answer,
or a wrong number of them, rejects the row; ids that repeat, as they do in the official files, lose no row. A line with
an ``instruction`` and its ``output`` is a conversation of two turns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from glotmill.engine.sources.contract import Reader, SourceMember, where_of
from glotmill.engine.sources.jsonl import json_lines, json_object
from glotmill.engine.sources.shared.field_map import content_id
from glotmill.engine.sources.shared.glotmill_format import own_images
from glotmill.engine.sources.shared.json_stream import first_character, rows_of_list
from glotmill.engine.sources.shared.media import is_there, refuse_media
from glotmill.engine.sources.shared.message_turns import Turns, conversation_turns, marked
from glotmill.engine.sources.shared.text_files import LinesPortion, line_portions
from glotmill.engine.sources.shared.typed_values import identifier, mapping, text
from glotmill.recipes.sections.sources import FileSource
from glotmill.schemas.errors import RowError
from glotmill.schemas.sample import Sample


class LlavaSource(FileSource):
    """LLaVA's conversations, as a JSON list or JSON lines.

    Attributes:
        ids: ``content`` knows a row by its ``id`` and the hash of its content, because ids repeat in the official
            files; ``field`` by its ``id`` alone.
    """

    format: Literal["llava"]
    ids: Literal["content", "field"] = "content"
    license: str = Field("cc-by-nc-4.0", min_length=1)


class LlavaReader:
    """Reads samples from a file of conversations."""

    def __init__(self, where: str, source: LlavaSource) -> None:
        self._where = where
        self._source = source
        self._is_list = first_character(source.path, where) != "{"
        if self._is_list:
            for _ in self._values():
                break

    def _values(self) -> Iterator[Any]:
        return rows_of_list(self._source.path, self._where, "a list of LLaVA conversations, or one a line")

    def rows(self) -> Iterator[tuple[str, Any]]:
        """(``[N]``, conversation) of a list, (``line N``, line) of lines, in file order."""
        if not self._is_list:
            yield from json_lines(self._source.path, self._where)
            return
        for number, value in enumerate(self._values()):
            yield f"[{number}]", value

    def portions(self) -> list[LinesPortion]:
        """Portions of its lines; none of a list."""
        return [] if self._is_list else line_portions(self._source.path, self._where)

    def rows_of(self, portion: LinesPortion) -> Iterator[tuple[str, Any]]:
        """The rows of one."""
        return json_lines(self._source.path, self._where, portion)

    def sample(self, raw: Any) -> Sample:
        """The sample of one conversation."""
        row = json_object(raw) if isinstance(raw, bytes) else mapping(raw)
        refuse_media(row)
        row_id = identifier(row, "id")
        images = own_images(_images(row), self._source.images)
        sample = Sample(row_id, "conversation", marked(_turns(row), len(images)), images)
        return sample if self._source.ids == "field" else replace(sample, row_id=f"{row_id}/{content_id(sample)}")


def _images(row: dict[str, Any]) -> dict[str, Any]:
    """The pictures of a row as the own format has them: here ``image`` may be a list, too."""
    one, several = row.get("image"), row.get("images")
    if not is_there(several):
        return {"images" if isinstance(one, list) else "image": one}
    return {"image": None if one == [] else one, "images": several}


def _turns(row: dict[str, Any]) -> Turns:
    if "conversations" not in row and "instruction" in row:
        return ("user", text(row, "instruction")), ("assistant", text(row, "output"))
    if row.get("conversations") is None:
        raise RowError("missing_field.conversations")
    return conversation_turns(row["conversations"], "conversations")


def _reader(name: str, source: LlavaSource) -> Reader:
    return LlavaReader(where_of(name, source), source)


MEMBER = SourceMember(
    LlavaSource, _reader, row=("LLaVA conversations, JSON list or lines", "`id` and the content, or `id`")
)
