"""Rows by a recipe's field map: which column or dotted path holds what. Nothing in a map executes.

Guarantees: what is not mapped is ignored, but a video or sound that the row is about; a mapped value of another type
fails its row with a reason that names our field; a row without a mapped id is known by its content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from glotmill.engine.sources.shared.glotmill_format import own_sample
from glotmill.engine.sources.shared.media import is_there, refuse_media
from glotmill.engine.sources.shared.message_turns import conversation_turns, marked
from glotmill.recipes.sections.images import Images
from glotmill.recipes.sections.sources import Fields, Mapped
from glotmill.schemas.keys import content_row_id, source_hash
from glotmill.schemas.sample import IMAGE_MARKER, Sample
from glotmill.schemas.sample_checks import check
from glotmill.schemas.task import Task

LISTS = ("answers", "choices")
NO_ID = "?"


def value_at(row: Any, path: Sequence[str]) -> Any:
    """What stands at a path: a name enters an object, or every object of a list; a number takes a place of a list.

    None where there is nothing.
    """
    for depth, part in enumerate(path):
        if isinstance(row, dict):
            row = row.get(part)
        elif isinstance(row, list) and part.isdecimal():
            row = row[int(part)] if int(part) < len(row) else None
        elif isinstance(row, list):
            return [value_at(item, path[depth:]) for item in row]
        else:
            return None
    return row


def content_id(sample: Sample, written: Sample | None = None) -> str:
    """The row id of a sample whose source has none.

    Args:
        sample: The sample.
        written: The sample as the source writes it, where that differs: then its content is the id.

    Raises:
        RowError: The sample is not sound, and so has no content to be known by.
    """
    check(sample)
    known = sample if written is None else written
    images = [image.image_id for image in known.images]
    return content_row_id(source_hash(known.messages, known.choices, known.answer_index, known.answers, images))


class RowFormat:
    """Makes samples of rows in Glotmill's own format, or in another one by its field map.

    Args:
        source: The recipe's field map and task.
        location: Where images lie.

    Attributes:
        used: The columns of the map, in its order.
    """

    def __init__(self, source: Mapped, location: Images) -> None:
        self._fields = source.fields
        self._task = source.task
        self._marker = source.image_marker
        self._location = location
        self._paths = {name: path.split(".") for name, path in source.fields.paths().items()} if source.fields else {}
        self.used = dict.fromkeys(path[0] for path in self._paths.values())

    @property
    def columns(self) -> list[str] | None:
        """The columns that are read; None is all."""
        return list(self.used) or None

    def sample(self, row: dict[str, Any]) -> Sample:
        """The sample of a row.

        Raises:
            RowError: It is none.
        """
        if self._fields is None:
            return own_sample(row, self._location)
        found = {name: value_at(row, path) for name, path in self._paths.items()}
        # The kind of the row is the recipe's, not what happens to be there.
        own = {name: value for name, value in found.items() if value is not None or name in _kind(self._fields)}
        for name in LISTS:
            if isinstance(own.get(name), str):
                own[name] = [own[name]]
        # Beside a picture that the map names, a column such as `video` may say where the picture is from.
        if self._fields.messages is not None or not _pictured(own):
            refuse_media(row, self.used)
        own.setdefault("task", self._task or _told_task(self._fields))
        if self._fields.id is not None:
            return self._sample(own, self._marker)
        own["id"] = NO_ID
        sample = self._sample(own, self._marker)
        written = self._sample(own, None) if self._marker else None
        return replace(sample, row_id=content_id(sample, written))

    def _sample(self, own: dict[str, Any], marker: str | None) -> Sample:
        """The sample of a row by our names, with a marker of the row's read as ours."""
        question = own.get("question")
        if marker and isinstance(question, str) and question.startswith(marker) and _pictured(own):
            own = {**own, "question": question.removeprefix(marker).lstrip("\n")}  # ours is put before it
        if "messages" in own:
            own = {**own, "messages": self._messages(own, marker)}
        return own_sample(own, self._location)

    def _messages(self, own: dict[str, Any], marker: str | None) -> list[dict[str, str]]:
        several = own.get("images")
        images = 1 if "image" in own else len(several) if isinstance(several, list) else 0
        turns = conversation_turns(own["messages"], "messages")
        if marker:
            turns = tuple((role, content.replace(marker, IMAGE_MARKER)) for role, content in turns)
        return [{"role": role, "content": content} for role, content in marked(turns, images)]


def _pictured(own: dict[str, Any]) -> bool:
    return any(is_there(own.get(name)) for name in ("image", "images"))


def _kind(fields: Fields) -> tuple[str, ...]:
    return tuple(name for name in ("caption", "question", "messages") if getattr(fields, name) is not None)


def _told_task(fields: Fields) -> Task:
    if fields.caption is not None:
        return "caption"
    if fields.messages is not None:
        return "conversation"
    return "vqa_mc" if fields.choices is not None else "vqa_open"
