"""Glotmill's own sample format: one JSON object a line. docs/sources.md shows it.

Guarantees: reads as a stream, so memory does not grow with the file; a line that is not a sample is rejected
with its line number; blank lines are not rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from engine.sources.raw import identifier, mapping, text, texts, whole
from engine.sources.turns import caption_turns, question_turns
from schemas.errors import RowError
from schemas.keys import image_id
from schemas.sample import TASKS, Image, Sample
from schemas.task import Task

CAPTION_KEYS = frozenset({"id", "task", "image", "images", "url", "caption"})
QUESTION_KEYS = frozenset({"id", "task", "image", "images", "url", "question", "answers", "choices", "answer_index"})
MESSAGES_KEYS = frozenset({"id", "task", "image", "images", "url", "messages", "answers", "choices", "answer_index"})


class JsonlReader:
    """Reads samples from a JSON-lines file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self) -> Iterator[tuple[str, bytes]]:
        """(``line N``, line) of every line that is not blank."""
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield f"line {number}", line

    def sample(self, raw: bytes) -> Sample:
        """The sample of one line."""
        try:
            row = mapping(orjson.loads(raw))
        except orjson.JSONDecodeError as error:
            raise RowError("bad_json", str(error)) from None
        task = _task(row)
        images = _images(row)
        if "caption" in row:
            _only(row, CAPTION_KEYS)
            messages = caption_turns(text(row, "caption"))
            choices, answers, index = None, None, None
        else:
            choices, index = texts(row, "choices"), whole(row, "answer_index")
            answers = texts(row, "answers")
            if "messages" in row:
                _only(row, MESSAGES_KEYS)
                messages = _messages(row)
            else:
                _only(row, QUESTION_KEYS)
                answer = _answer(answers, choices, index)
                messages = question_turns(text(row, "question"), answer, len(images))
        return Sample(
            row_id=identifier(row, "id"),
            task=task,
            messages=messages,
            images=images,
            choices=choices,
            answer_index=index,
            answers=answers,
            url=text(row, "url") if row.get("url") is not None else None,
        )


def _only(row: dict[str, Any], known: frozenset[str]) -> None:
    unknown = sorted(set(row) - known)
    if unknown:
        raise RowError("unknown_field", ", ".join(unknown))


def _task(row: dict[str, Any]) -> Task:
    task = text(row, "task")
    for known in TASKS:
        if task == known:
            return known
    raise RowError("unknown_task", task)


def _answer(answers: tuple[str, ...] | None, choices: tuple[str, ...] | None, index: int | None) -> str:
    """The answer that the assistant gives: the choice, or the first accepted answer."""
    if choices is not None:
        if index is None or not 0 <= index < len(choices):
            raise RowError("bad_answer_index", str(index))
        return choices[index]
    if not answers:
        raise RowError("missing_field.answers")
    return answers[0]


def _images(row: dict[str, Any]) -> tuple[Image, ...]:
    """``image`` is one URI; ``images`` is a list of URIs or of objects with a ``uri``."""
    one, several = row.get("image"), row.get("images")
    if one is not None and several is not None:
        raise RowError("image_and_images")
    listed = [one] if one is not None else [] if several is None else several
    if not isinstance(listed, list):
        raise RowError("wrong_type.images", "expected a list")
    return tuple(_image(item) for item in listed)


def _image(item: Any) -> Image:
    entry = {"uri": item} if isinstance(item, str) else mapping(item)
    uri = text(entry, "uri")
    known = identifier(entry, "image_id") if entry.get("image_id") is not None else image_id(uri)
    mime = text(entry, "mime") if entry.get("mime") is not None else None
    return Image(known, uri, whole(entry, "width"), whole(entry, "height"), mime)


def _messages(row: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    value = row["messages"]
    if not isinstance(value, list) or not value:
        raise RowError("wrong_type.messages", "expected a list of turns")
    turns = [mapping(turn) for turn in value]
    return tuple((text(turn, "role"), text(turn, "content")) for turn in turns)
