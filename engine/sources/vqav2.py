"""The official VQAv2 files: questions, joined with their annotations by ``question_id``.

Guarantees: a question is answered by ``multiple_choice_answer`` and keeps its ten answers and how sure each person
was; a question without an annotation of its own image, and an annotation without a question, are rejected rows;
files without answers, such as the test splits, are refused as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import Any, Literal

from pydantic import Field

from glotmill.engine.sources.contract import Reader, SourceMember, where_of
from glotmill.engine.sources.shared.json_stream import rows_of_lists
from glotmill.engine.sources.shared.message_turns import question_turns
from glotmill.engine.sources.shared.typed_values import identifier, mapping, reference, text
from glotmill.recipes.section import RecipePath
from glotmill.recipes.sections.images import CocoImages
from glotmill.recipes.sections.sources import SourceBase
from glotmill.schemas.errors import InputError, RowError
from glotmill.schemas.sample import Sample


class Vqav2Source(SourceBase):
    """The official VQAv2 question file and its annotation file.

    Attributes:
        questions: ``v2_OpenEnded_mscoco_<subset>_questions.json``.
        annotations: ``v2_mscoco_<subset>_annotations.json``; test splits have none.
    """

    format: Literal["vqav2"]
    questions: RecipePath
    annotations: RecipePath | None = None
    license: str = Field("cc-by-4.0", min_length=1)
    images: CocoImages = CocoImages()

    def files(self) -> dict[str, Path]:
        """Questions, and annotations where given."""
        return {"questions": self.questions, **({"annotations": self.annotations} if self.annotations else {})}


EXPECTED_QUESTIONS = "a VQAv2 question file"
EXPECTED_ANNOTATIONS = "a VQAv2 annotation file"


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is known of one question's answers; strings are shared, since answers repeat."""

    image: str
    answer: str
    answers: tuple[str, ...]
    confidence: tuple[str, ...]


Question = tuple[Any, Annotation | RowError]


class Vqav2Reader:
    """Reads samples from a question file and its annotation file.

    Args:
        questions: Path of the questions.
        annotations: Path of the annotations.
        where: Key and path of the questions, and of the annotations, for errors.
        images: Where images lie.
    """

    def __init__(self, questions: Path, annotations: Path | None, where: tuple[str, str], images: CocoImages) -> None:
        self._questions = questions
        self._where = where
        self._images = images
        self._subset = self._data_subtype()
        if self._subset.startswith("test"):
            msg = (
                f"{where[0]}: '{self._subset}' is a test split, whose answers are not published; expected the "
                "questions and annotations of train2014 or val2014"
            )
            raise InputError(msg)
        if annotations is None:
            msg = f"{where[1]}: required key is missing: the annotation file of {self._subset}"
            raise InputError(msg)
        self._annotations = annotations

    def _data_subtype(self) -> str:
        """``train2014`` and the like, which is part of the images' names."""
        subset = None
        for key, value in rows_of_lists(self._questions, self._where[0], EXPECTED_QUESTIONS, ("questions",)):
            if key == "data_subtype":
                subset = value
        if not isinstance(subset, str):
            msg = f"{self._where[0]}: expected a 'data_subtype' such as train2014, as in {EXPECTED_QUESTIONS}"
            raise InputError(msg)
        return subset

    def rows(self) -> Iterator[tuple[str, Question | RowError]]:
        """(``questions[N]``, question with its annotation) in file order, then what is left of the annotations."""
        annotations: dict[str, tuple[int, Annotation | RowError]] = {}
        for number, value in self._values(self._annotations, self._where[1], EXPECTED_ANNOTATIONS, "annotations"):
            try:
                key = identifier(mapping(value), "question_id")
                if key in annotations:
                    raise RowError("duplicate_annotation", key)
            except RowError as error:
                yield f"annotations[{number}]", error
            else:
                annotations[key] = number, _annotation(value)
        questions: set[str] = set()
        for number, value in self._values(self._questions, self._where[0], EXPECTED_QUESTIONS, "questions"):
            key = str(value.get("question_id")) if isinstance(value, dict) else ""
            questions.add(key)
            _, annotation = annotations.get(key, (0, RowError("missing_annotation", key)))
            yield f"questions[{number}]", (value, annotation)
        for key, (number, _) in annotations.items():
            if key not in questions:
                yield f"annotations[{number}]", RowError("annotation_without_question", key)

    def _values(self, path: Path, where: str, expected: str, name: str) -> Iterator[tuple[int, Any]]:
        return enumerate(value for key, value in rows_of_lists(path, where, expected, (name,)) if key == name)

    def sample(self, raw: Question) -> Sample:
        """The sample of one question."""
        value, annotation = raw
        row = mapping(value)
        row_id, question, image = identifier(row, "question_id"), text(row, "question"), _number(row, "image_id")
        if isinstance(annotation, RowError):
            raise annotation
        if annotation.image != str(image):
            raise RowError("annotation_of_another_image", f"{annotation.image}, not {image}")
        uri = self._images.uri(f"{self._subset}/COCO_{self._subset}_{image:012d}.jpg")
        return Sample(
            row_id=row_id,
            task="vqa_open",
            messages=question_turns(question, annotation.answer),
            images=(reference(uri, mime="image/jpeg"),),
            answers=annotation.answers,
            answer_confidence=annotation.confidence,
        )


def _annotation(row: dict[str, Any]) -> Annotation | RowError:
    """The annotation of a row, or why it is none: then its question is refused for it."""
    try:
        answers = row.get("answers")
        if not isinstance(answers, list):
            raise RowError("wrong_type.answers", "expected a list of answers")
        given = [mapping(answer) for answer in answers]
        return Annotation(
            image=identifier(row, "image_id"),
            answer=intern(text(row, "multiple_choice_answer")),
            answers=tuple(intern(text(answer, "answer")) for answer in given),
            confidence=tuple(intern(text(answer, "answer_confidence")) for answer in given),
        )
    except RowError as error:
        return error


def _number(row: dict[str, Any], key: str) -> int:
    """COCO's number of an image."""
    value = identifier(row, key)
    if not value.isdecimal():
        raise RowError(f"wrong_type.{key}", "expected a whole number")
    return int(value)


def _reader(name: str, source: Vqav2Source) -> Reader:
    where = where_of(name, source, "questions"), where_of(name, source, "annotations")
    return Vqav2Reader(source.questions, source.annotations, where, source.images)


MEMBER = SourceMember(Vqav2Source, _reader, row=("the official VQAv2 questions and annotations", "`question_id`"))
