"""The ``sources:`` section of a recipe: what all sources state. The section of a format is in its reader's module."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import Field, SerializeAsAny, model_validator

from glotmill.recipes.families import one_of
from glotmill.recipes.section import RecipePath, Section
from glotmill.recipes.sections.images import Images
from glotmill.schemas.task import Task

SPLIT_PATTERN = r"^\w+(\.\w+)*$"

FieldPath = Annotated[str, Field(pattern=r"^[^.]+(\.[^.]+)*$")]
"""A column, or a dotted path into one: a name enters an object, or every object of a list; a number a place."""


class SourceBase(Section):
    """What every source states.

    Attributes:
        dataset: Name of the dataset in ids and provenance; None takes the source's name in the recipe.
        config: Configuration of the dataset, part of the row's identity.
        split: Split that the source holds, part of the row's identity.
        revision: Version of the data; None takes the SHA-256 of the file, or of the files' checksums.
        license: License of the annotations, as a Hub license id.
        images: Where the images lie, and what is done with them.
    """

    dataset: str | None = Field(None, min_length=1)
    config: str = "default"
    split: str = Field("train", pattern=SPLIT_PATTERN)
    revision: str | None = Field(None, min_length=1)
    license: str = Field(min_length=1)
    images: Images = Images()

    carries_images: ClassVar[bool] = False

    @model_validator(mode="after")
    def _images_can_be_opened(self) -> Self:
        if self.images.check and self.images.folder is None and not self.carries_images:
            msg = "'images.check: true' needs 'images.folder', where the image files are"
            raise ValueError(msg)
        return self

    def files(self) -> dict[str, Path]:
        """The files of the source by the recipe's key for each."""
        return {}


class FileSource(SourceBase):
    """A source that is one file, which may be compressed with gzip.

    Attributes:
        path: The file to read.
    """

    path: RecipePath

    def files(self) -> dict[str, Path]:
        """The one file."""
        return {"path": self.path}


class Fields(Section):
    """Which column or dotted path holds what, by the names of Glotmill's own format (docs/sources.md).

    Without an ``id`` a row is known by the hash of its content.

    Attributes:
        id: The row's id.
        task: What the row teaches; else it follows from the other fields.
        image: The image's URI or name.
        images: Several of them.
        url: Where a person can see the row.
        caption: A caption; one of this, ``question`` and ``messages`` is there.
        question: A question.
        answers: Its answers, or one.
        choices: Its options.
        answer_index: The position of the answer among them.
        messages: A conversation: turns with role and content.
    """

    id: FieldPath | None = None
    task: FieldPath | None = None
    image: FieldPath | None = None
    images: FieldPath | None = None
    url: FieldPath | None = None
    caption: FieldPath | None = None
    question: FieldPath | None = None
    answers: FieldPath | None = None
    choices: FieldPath | None = None
    answer_index: FieldPath | None = None
    messages: FieldPath | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [name for name in ("caption", "question", "messages") if getattr(self, name) is not None]
        if len(kinds) != 1:
            msg = f"expected one of 'caption', 'question' and 'messages', found {' and '.join(kinds) or 'none'}"
            raise ValueError(msg)
        return self

    def paths(self) -> dict[str, str]:
        """The paths that are given, by our name."""
        return {name: path for name, path in self.model_dump().items() if path is not None}


class Mapped(Section):
    """A source whose columns have names of their own.

    Attributes:
        fields: Which column holds what; None reads columns by our own names, and knows no others.
        task: What the rows teach; None infers it from the row: a caption, a question (with choices or without), or a
            conversation.
        image_marker: What the rows write for a picture at the head of a question, or anywhere in the turns of
            ``messages``, such as ``<|image_1|>``; it is read as ``<image>``.
    """

    fields: Fields | None = None
    task: Task | None = None
    image_marker: str | None = Field(None, min_length=1, max_length=100)

    @model_validator(mode="after")
    def _task_of_rows(self) -> Self:
        if self.task is not None and (self.fields is None or self.fields.task is not None):
            msg = "'task' goes with 'fields' that name no 'task' of their own"
            raise ValueError(msg)
        if self.image_marker is not None and self.fields is None:
            msg = "'image_marker' goes with 'fields': rows in Glotmill's own format write <image>"
            raise ValueError(msg)
        return self


Source = Annotated[SerializeAsAny[SourceBase], one_of(SourceBase)]
