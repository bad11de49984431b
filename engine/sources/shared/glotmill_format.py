"""Glotmill's own format: the keys of one row, whichever file it comes from. docs/sources.md shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from glotmill.engine.sources.shared.media import refuse_media, refuse_media_file
from glotmill.engine.sources.shared.message_turns import Turns, caption_turns, message_turns, question_turns
from glotmill.engine.sources.shared.typed_values import identifier, mapping, reference, text, texts, whole
from glotmill.recipes.sections.images import Images
from glotmill.schemas.errors import RowError
from glotmill.schemas.keys import bytes_sha256
from glotmill.schemas.sample import Image, Sample
from glotmill.schemas.task import TASKS, Task

CAPTION_KEYS = frozenset({"id", "task", "image", "images", "url", "caption"})
QUESTION_KEYS = frozenset({"id", "task", "image", "images", "url", "question", "answers", "choices", "answer_index"})
MESSAGES_KEYS = frozenset({"id", "task", "image", "images", "url", "messages", "answers", "choices", "answer_index"})


def own_sample(row: dict[str, Any], location: Images) -> Sample:
    """The sample of a row in Glotmill's own format.

    Raises:
        RowError: It is none.
    """
    refuse_media(row)
    row_id, task, images = identifier(row, "id"), _task(row), own_images(row, location)
    url = text(row, "url") if row.get("url") is not None else None
    if "caption" in row:
        _only(row, CAPTION_KEYS)
        return Sample(row_id, task, caption_turns(text(row, "caption"), len(images) or 1), images, url=url)
    choices, index, answers = texts(row, "choices"), whole(row, "answer_index"), texts(row, "answers")
    messages: Turns
    if "messages" in row:
        _only(row, MESSAGES_KEYS)
        messages = message_turns(row["messages"], "messages")
    else:
        _only(row, QUESTION_KEYS)
        messages = question_turns(text(row, "question"), answer_given(answers, choices, index), len(images))
    return Sample(row_id, task, messages, images, choices, index, answers, url)


def answer_given(answers: tuple[str, ...] | None, choices: tuple[str, ...] | None, index: int | None) -> str:
    """The answer that the assistant gives: the choice, or the first accepted answer."""
    if choices is not None:
        if index is None or not 0 <= index < len(choices):
            raise RowError("bad_answer_index", str(index))
        return choices[index]
    if not answers:
        raise RowError("missing_field.answers")
    return answers[0]


def own_images(row: dict[str, Any], location: Images) -> tuple[Image, ...]:
    """``image`` is one image, ``images`` a list: each a URI, an object with a ``uri``, or the bytes and path of one."""
    one, several = row.get("image"), row.get("images")
    if one is not None and several is not None:
        raise RowError("image_and_images")
    if one is not None:
        return (own_image(one, location),)
    if several is None:
        return ()
    if not isinstance(several, list):
        raise RowError("wrong_type.images", "expected a list")
    return tuple(own_image(item, location) for item in several)


def own_image(item: Any, location: Images) -> Image:
    """The reference to one image.

    Raises:
        RowError: The value names none.
    """
    if isinstance(item, str):
        refuse_media_file(item)
        uri = location.uri(text({"uri": item}, "uri"))
        return reference(uri)
    entry = mapping(item)
    if "bytes" in entry:
        return _carried(entry, location)
    refuse_media_file(text(entry, "uri"))
    uri = location.uri(text(entry, "uri"))
    mime = text(entry, "mime") if entry.get("mime") is not None else None
    image = reference(uri, whole(entry, "width"), whole(entry, "height"), mime)
    return image if entry.get("image_id") is None else replace(image, image_id=identifier(entry, "image_id"))


def _carried(entry: dict[str, Any], location: Images) -> Image:
    """An image as `datasets` keeps it undecoded: its bytes, its path, or both."""
    data, path = entry["bytes"], entry.get("path")
    if isinstance(path, str):
        refuse_media_file(path)
    uri = location.uri(path) if isinstance(path, str) and path else None
    if not isinstance(data, bytes):
        if uri is None:
            raise RowError("missing_field.image", "neither bytes nor path")
        return reference(uri)
    known = f"sha256:{bytes_sha256(data)}"
    return Image(known, uri or known, data=data)


def _only(row: dict[str, Any], known: frozenset[str]) -> None:
    if not row.keys() <= known:
        raise RowError("unknown_field", ", ".join(sorted(row.keys() - known)))


def _task(row: dict[str, Any]) -> Task:
    task = text(row, "task")
    for known in TASKS:
        if task == known:
            return known
    raise RowError("unknown_task", task)
