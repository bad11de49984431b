"""The question JSON of GQA and of xGQA: an object of questions by question id.

Guarantees: a question's id is its key in the file, and a key that appears twice is two rows; its answer is kept; its
image's URI is the recipe's ``images.base`` + ``imageId`` + ``images.suffix``; memory holds one question.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from glotmill.engine.sources.contract import Reader, SourceMember, where_of
from glotmill.engine.sources.shared.json_stream import rows_of_object
from glotmill.engine.sources.shared.message_turns import question_turns
from glotmill.engine.sources.shared.typed_values import identifier, mapping, reference, text
from glotmill.recipes.sections.images import NumberedImages
from glotmill.recipes.sections.sources import FileSource
from glotmill.schemas.errors import InputError
from glotmill.schemas.sample import Sample


class GqaSource(FileSource):
    """The question JSON of GQA and xGQA: an object of questions by id."""

    format: Literal["gqa"]
    license: str = Field("cc-by-4.0", min_length=1)
    images: NumberedImages = NumberedImages()


LOOKED_AT = 1000  # questions from the start, one of which must look like one


class GqaReader:
    """Reads samples from a GQA question file."""

    def __init__(self, path: Path, where: str, images: NumberedImages) -> None:
        self._path = path
        self._where = where
        self._images = images
        first = [value for _, value in islice(self._values(), LOOKED_AT)]
        if first and not any(isinstance(value, dict) and "question" in value for value in first):
            msg = f"{where}: expected questions with a 'question' each, as in the official GQA JSON; found none"
            raise InputError(msg)

    def _values(self) -> Iterator[tuple[str, Any]]:
        return rows_of_object(self._path, self._where, "an object of questions by id")

    def rows(self) -> Iterator[tuple[str, Any]]:
        """(``question ID``, (id, question)) in file order."""
        for key, question in self._values():
            yield f"question {key}", (key, question)

    def sample(self, raw: Any) -> Sample:
        """The sample of one question."""
        key, value = raw
        row = mapping(value)
        uri = self._images.uri(identifier(row, "imageId"))
        answer = text(row, "answer")
        return Sample(
            row_id=key,
            task="vqa_open",
            messages=question_turns(text(row, "question"), answer),
            images=(reference(uri),),
            answers=(answer,),
        )


def _reader(name: str, source: GqaSource) -> Reader:
    return GqaReader(source.path, where_of(name, source), source.images)


MEMBER = SourceMember(GqaSource, _reader, row=("the question JSON of GQA and xGQA", "the question's key"))
