"""The ``images:`` key of a source: where its images lie, what they are known by, whether they are opened and kept."""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, field_validator, model_validator

from glotmill.recipes.section import RecipePath, Section
from glotmill.schemas.errors import shortened
from glotmill.schemas.picture_pattern import PicturePattern, picture_pattern

COCO = "http://images.cocodataset.org/"
COCO_FILE = r"(?:^|/)(?P<coco>\d{12})(?:\.\w+)?$"

# Hub license ids that let anyone pass unchanged copies on, some of them for non-commercial purposes only.
REDISTRIBUTABLE = re.compile(
    r"cc0-1\.0|cc-by(-nc)?(-sa)?-\d\.\d|apache-2\.0|mit|bsd(-[23]-clause)?|pddl|odc-by|odbl|cdla-permissive-[12]\.0"
)


class Images(Section):
    r"""Where the images of a source lie, and what is done with them.

    Attributes:
        base: Stands before an image's name in its URI; a name that is a URL already stays as it is.
        id: What a picture is known by where it has several names: a regular expression, searched in the URI, with a
            named group. The group's name and its text are the picture's key: `(?P<vg>\d+)` gives `vg:2315353`, and a
            group called `coco` a number of COCO. Else COCO's names are known, and others go by their bytes or URI.
        check: Open every image: its size, checksum and perceptual hash are recorded, and a status.
        folder: Where the files are that ``check`` opens: ``base`` is taken off the URI and this put before it. Needed
            unless the source carries the bytes.
        reject: Reject a row whose image is missing or does not decode; else its status says so.
        store: Write the bytes of the images into the dataset, as the config ``images``.
        license: License of the images, as a Hub license id; needed by ``store``.
    """

    base: str = ""
    id: str | None = Field(None, min_length=1)
    check: bool = False
    folder: RecipePath | None = None
    reject: bool = False
    store: bool = False
    license: str | None = Field(None, min_length=1)

    @field_validator("id")
    @classmethod
    def _usable(cls, value: str | None) -> str | None:
        if value is not None:
            picture_pattern(value)
        return value

    @property
    def pattern(self) -> PicturePattern | None:
        """``id``, compiled."""
        return None if self.id is None else picture_pattern(self.id)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for key in ("reject", "store"):
            if getattr(self, key) and not self.check:
                msg = f"'{key}: true' needs 'check: true'"
                raise ValueError(msg)
        if self.store and self.license is None:
            msg = "'store: true' needs the 'license' of the images"
            raise ValueError(msg)
        if self.store and not REDISTRIBUTABLE.fullmatch(self.license or ""):
            msg = (
                f"'store: true' would publish images under the license '{shortened(str(self.license))}', which is not "
                "known to allow copies; expected one such as cc-by-4.0, or 'store: false', which publishes references "
                "only"
            )
            raise ValueError(msg)
        return self

    def uri(self, name: str) -> str:
        """The URI of an image by its name in the source."""
        return name if "://" in name else f"{self.base}{name}"


class FolderImages(Images):
    """Images of a source that names them by their place on this machine: a URI starts below the source's folder.

    Attributes:
        root: The source's folder.
    """

    root: str

    def uri(self, name: str) -> str:
        """The URI of an image by its path, or by a path into an archive (``zip://a.jpg::FOLDER/images.zip``)."""
        return super().uri(name.replace(f"{self.root}/", ""))


class NumberedImages(Images):
    """Images known by an id: the URI is ``base`` + id + ``suffix``.

    Attributes:
        suffix: Stands behind an image's id in its URI.
    """

    suffix: str = ".jpg"

    def uri(self, name: str) -> str:
        """The URI of an image by its id."""
        return super().uri(name + self.suffix)


class CocoImages(Images):
    """Images of COCO, by default at COCO's own address, where their URIs equal those of ``coco_captions``.

    Attributes:
        id: As for other sources; by default a name of twelve digits is a number of COCO wherever the images lie.
    """

    base: str = COCO
    id: str | None = Field(COCO_FILE, min_length=1)
