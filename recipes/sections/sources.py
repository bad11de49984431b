"""The ``sources:`` section of a recipe, one model for each format that has a reader."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from glotmill.recipes.section import RecipePath, Section
from glotmill.recipes.sections.images import CocoImages, Images, NumberedImages
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
        task: What the rows teach; None is told from the row: a caption, a question (with choices or without), or a
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


class JsonlSource(FileSource, Mapped):
    """JSON lines: Glotmill's own sample format, or any other by its ``fields`` (docs/sources.md)."""

    format: Literal["jsonl"]


class ParquetSource(FileSource, Mapped):
    """A Parquet file, with columns of our own names or of others by its ``fields``."""

    format: Literal["parquet"]
    carries_images: ClassVar[bool] = True


class CocoCaptionsSource(FileSource):
    """The official COCO captions JSON (``images`` and ``annotations``)."""

    format: Literal["coco_captions"]
    license: str = Field("cc-by-4.0", min_length=1)
    images: CocoImages = CocoImages()


class GqaSource(FileSource):
    """The question JSON of GQA and xGQA: an object of questions by id."""

    format: Literal["gqa"]
    license: str = Field("cc-by-4.0", min_length=1)
    images: NumberedImages = NumberedImages()


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


class AokvqaSource(FileSource):
    """The official A-OKVQA JSON.

    Attributes:
        task: ``vqa_mc`` asks with the choices; ``vqa_open`` with the direct answers; ``explanation`` gives one row
            for each rationale.
    """

    format: Literal["aokvqa"]
    task: Literal["vqa_mc", "vqa_open", "explanation"] = "vqa_mc"
    license: str = Field("apache-2.0", min_length=1)
    images: CocoImages = CocoImages()


class LlavaSource(FileSource):
    """LLaVA's conversations, as a JSON list or JSON lines.

    Attributes:
        ids: ``content`` knows a row by its ``id`` and the hash of its content, because ids repeat in the official
            files; ``field`` by its ``id`` alone.
    """

    format: Literal["llava"]
    ids: Literal["content", "field"] = "content"
    license: str = Field("cc-by-nc-4.0", min_length=1)


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


class LinesSource(FileSource):
    """One English caption a line, as in Multi30k; the line's number is the row's id.

    Attributes:
        image_list: The images' names, line by line; None reads captions without image.
    """

    format: Literal["lines"]
    image_list: RecipePath | None = None

    def files(self) -> dict[str, Path]:
        """The text, and the list of images where given."""
        return {"path": self.path, **({"image_list": self.image_list} if self.image_list else {})}


class HubSource(SourceBase, Mapped):
    """A dataset of the Hub, read as a stream at one commit, or a folder laid out like one.

    Attributes:
        repo: Hub id of the dataset.
        path: A folder instead of a Hub id.
        revision: Branch, tag or commit; what it resolves to is recorded.
        license: License of the annotations; empty takes the dataset card's.
    """

    format: Literal["hub"]
    repo: str | None = Field(None, pattern=r"^\w[\w.-]*(/\w[\w.-]*)?$")
    path: RecipePath | None = None
    license: str = ""

    carries_images: ClassVar[bool] = True

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.repo is None) == (self.path is None):
            msg = "expected either 'repo', a Hub id such as ORG/NAME, or 'path', a folder"
            raise ValueError(msg)
        if self.path is not None and not self.license:
            msg = "'license' is required for a folder"
            raise ValueError(msg)
        return self


Source = Annotated[
    JsonlSource
    | ParquetSource
    | CocoCaptionsSource
    | GqaSource
    | Vqav2Source
    | AokvqaSource
    | LlavaSource
    | ImageTextSource
    | LinesSource
    | HubSource,
    Field(discriminator="format"),
]
