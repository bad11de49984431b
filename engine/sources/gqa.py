"""The question JSON of GQA and of xGQA: an object of questions by question id.

Guarantees: a question's id is its key in the file; its answer is kept; its image's URI is the recipe's
``images.base`` + ``imageId`` + ``images.suffix``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.sources.raw import identifier, mapping, text
from engine.sources.turns import question_turns
from recipes.sources import ImageLocation
from schemas.errors import InputError
from schemas.keys import image_id
from schemas.sample import Image, Sample


class GqaReader:
    """Reads samples from a parsed GQA question file."""

    def __init__(self, content: Any, where: str, images: ImageLocation) -> None:
        if not isinstance(content, dict):
            msg = f"{where}: expected an object of questions by id, found a JSON {type(content).__name__}"
            raise InputError(msg)
        if content and not any(isinstance(v, dict) and "question" in v for v in content.values()):
            msg = f"{where}: expected questions with a 'question' each, as in the official GQA JSON; found none"
            raise InputError(msg)
        self._questions: dict[str, Any] = content
        self._location = images

    def rows(self) -> Iterator[tuple[str, Any]]:
        """(``question ID``, (id, question)) in file order."""
        for key, question in self._questions.items():
            yield f"question {key}", (key, question)

    def sample(self, raw: Any) -> Sample:
        """The sample of one question."""
        key, value = raw
        row = mapping(value)
        uri = f"{self._location.base}{identifier(row, 'imageId')}{self._location.suffix}"
        answer = text(row, "answer")
        return Sample(
            row_id=key,
            task="vqa_open",
            messages=question_turns(text(row, "question"), answer),
            images=(Image(image_id(uri), uri),),
            answers=(answer,),
        )
