"""What an exporter is given: a row that any trainer can take, or the reason why none can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from glotmill.schemas.errors import RowError
from glotmill.schemas.sample import IMAGE_MARKER

COLUMNS = ("record_id", "lang_bcp47", "task", "license", "image_refs", "messages", "turn_langs", "keep")


@dataclass(frozen=True, slots=True)
class ImageRef:
    """An image of a row: its id and where it is."""

    image_id: str
    uri: str


@dataclass(frozen=True, slots=True)
class Row:
    """One record, found sound.

    Attributes:
        record_id: Its id.
        language: BCP-47 tag.
        task: What it teaches.
        license: License of its source.
        images: One for each marker, in order.
        turn_langs: The language of each turn as a FLORES-200 code, as the column of that name has it.
        turns: (role, content) with literal ``<image>`` markers; user and assistant by turns after an optional system
            turn, the assistant last.
    """

    record_id: str
    language: str
    task: str
    license: str
    images: tuple[ImageRef, ...]
    turn_langs: tuple[str | None, ...]
    turns: tuple[tuple[str, str], ...]


def sound_row(record: Mapping[str, Any]) -> Row:
    """The row of a record.

    Raises:
        RowError: ``no_translation``, ``empty_text``, ``marker_in_answer``, ``image_count``, ``turn_order``.
    """
    if record["messages"] is None:
        raise RowError("no_translation")
    turns = tuple((turn["role"], turn["content"]) for turn in record["messages"])
    images = tuple(ImageRef(ref["image_id"], ref["uri"]) for ref in record["image_refs"])
    if any(not content for _, content in turns):
        raise RowError("empty_text")
    if any(IMAGE_MARKER in content for role, content in turns if role != "user"):
        raise RowError("marker_in_answer")
    markers = sum(content.count(IMAGE_MARKER) for _, content in turns)
    if markers != len(images):
        raise RowError("image_count", f"{markers} markers, {len(images)} images")
    roles = [role for role, _ in turns]
    said = roles[1:] if roles[:1] == ["system"] else roles
    if not said or said != ["user", "assistant"] * (len(said) // 2):
        raise RowError("turn_order", ", ".join(roles))
    return Row(
        record_id=record["record_id"],
        language=record["lang_bcp47"],
        task=record["task"],
        license=record["license"],
        images=images,
        turn_langs=tuple(record["turn_langs"]),
        turns=turns,
    )


def parts(content: str) -> Iterator[str | None]:
    """A turn cut at its image markers: None stands for an image; the line break beside one is left out."""
    pieces = content.split(IMAGE_MARKER)
    for number, piece in enumerate(pieces):
        if number:
            yield None
            piece = piece.removeprefix("\n")
        if number + 1 < len(pieces):
            piece = piece.removesuffix("\n")
        if piece:
            yield piece
