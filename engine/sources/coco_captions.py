"""The official COCO captions JSON: ``images`` and ``annotations``, several captions an image.

Guarantees: each caption is a sample of its own, identified by its annotation id; captions of one image share
the image's id; the URI is the official ``coco_url``; memory holds the list of images and one caption.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from glotmill.engine.sources.contract import Reader, SourceMember, where_of
from glotmill.engine.sources.shared.json_stream import rows_of_lists
from glotmill.engine.sources.shared.message_turns import caption_turns
from glotmill.engine.sources.shared.typed_values import identifier, mapping, reference, text, whole
from glotmill.recipes.sections.images import CocoImages
from glotmill.recipes.sections.sources import FileSource
from glotmill.schemas.errors import RowError
from glotmill.schemas.sample import Sample


class CocoCaptionsSource(FileSource):
    """The official COCO captions JSON (``images`` and ``annotations``)."""

    format: Literal["coco_captions"]
    license: str = Field("cc-by-4.0", min_length=1)
    images: CocoImages = CocoImages()


LISTS = ("images", "annotations")
KEPT = ("coco_url", "width", "height")


class CocoCaptionsReader:
    """Reads samples from a COCO captions file."""

    def __init__(self, path: Path, where: str) -> None:
        self._path = path
        self._where = where
        self._images = {
            image["id"]: {key: image[key] for key in KEPT if key in image}
            for key, image in self._values()
            if key == "images" and isinstance(image, dict) and isinstance(image.get("id"), int | str)
        }

    def _values(self) -> Iterator[tuple[str, Any]]:
        return rows_of_lists(self._path, self._where, "a COCO captions object", LISTS)

    def rows(self) -> Iterator[tuple[str, Any]]:
        """(``annotations[N]``, annotation) in file order."""
        annotations = (value for key, value in self._values() if key == "annotations")
        for number, annotation in enumerate(annotations):
            yield f"annotations[{number}]", annotation

    def sample(self, raw: Any) -> Sample:
        """The sample of one annotation."""
        row = mapping(raw)
        key = row.get("image_id")
        image = self._images.get(key) if isinstance(key, int | str) else None
        if image is None:
            raise RowError("unknown_image", str(key))
        uri = text(image, "coco_url")
        seen = reference(uri, whole(image, "width"), whole(image, "height"), "image/jpeg")
        return Sample(
            row_id=identifier(row, "id"),
            task="caption",
            messages=caption_turns(text(row, "caption").strip()),
            images=(seen,),
        )


def _reader(name: str, source: CocoCaptionsSource) -> Reader:
    return CocoCaptionsReader(source.path, where_of(name, source))


MEMBER = SourceMember(CocoCaptionsSource, _reader, row=("the official COCO captions JSON", "annotation id"))
