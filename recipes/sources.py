"""The ``sources:`` section of a recipe, one model for each format that has a reader."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from recipes.section import RecipePath, Section

SPLIT_PATTERN = r"^\w+(\.\w+)*$"


class SourceBase(Section):
    """What every source states.

    Attributes:
        path: The file to read.
        dataset: Name of the dataset in ids and provenance; None takes the source's name in the recipe.
        config: Configuration of the dataset, part of the row's identity.
        split: Split that the file holds, part of the row's identity.
        revision: Version of the data; None takes the SHA-256 of the file.
        license: Licence of the annotations, as a Hub licence id.
    """

    path: RecipePath
    dataset: str | None = Field(None, min_length=1)
    config: str = "default"
    split: str = Field("train", pattern=SPLIT_PATTERN)
    revision: str | None = Field(None, min_length=1)
    license: str = Field(min_length=1)


class JsonlSource(SourceBase):
    """Glotmill's own sample format: one JSON object a line (docs/sources.md)."""

    format: Literal["jsonl"]


class CocoCaptionsSource(SourceBase):
    """The official COCO captions JSON (``images`` and ``annotations``)."""

    format: Literal["coco_captions"]
    license: str = Field("cc-by-4.0", min_length=1)


class ImageLocation(Section):
    """Where the images of a source lie: ``base`` + image id + ``suffix`` is an image's URI."""

    base: str = ""
    suffix: str = ".jpg"


class GqaSource(SourceBase):
    """The question JSON of GQA and xGQA: an object of questions by id."""

    format: Literal["gqa"]
    license: str = Field("cc-by-4.0", min_length=1)
    images: ImageLocation = ImageLocation()


Source = Annotated[JsonlSource | CocoCaptionsSource | GqaSource, Field(discriminator="format")]
