"""The official COCO captions JSON: ``images`` and ``annotations``, several captions an image.

Guarantees: each caption is a sample of its own, identified by its annotation id; captions of one image share
the image's id; the URI is the official ``coco_url``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.sources.raw import identifier, mapping, text, whole
from engine.sources.turns import caption_turns
from schemas.errors import InputError, RowError
from schemas.keys import image_id
from schemas.sample import Image, Sample


class CocoCaptionsReader:
    """Reads samples from a parsed COCO captions file."""

    def __init__(self, content: Any, where: str) -> None:
        if not isinstance(content, dict):
            msg = f"{where}: expected a COCO captions object, found a JSON {type(content).__name__}"
            raise InputError(msg)
        for key in ("images", "annotations"):
            if not isinstance(content.get(key), list):
                msg = f"{where}: expected a list under '{key}', as in the official COCO captions JSON"
                raise InputError(msg)
        self._annotations: list[Any] = content["annotations"]
        self._images = {
            image["id"]: image
            for image in content["images"]
            if isinstance(image, dict) and isinstance(image.get("id"), int | str)
        }

    def rows(self) -> Iterator[tuple[str, Any]]:
        """(``annotations[N]``, annotation) in file order."""
        for number, annotation in enumerate(self._annotations):
            yield f"annotations[{number}]", annotation

    def sample(self, raw: Any) -> Sample:
        """The sample of one annotation."""
        row = mapping(raw)
        key = row.get("image_id")
        image = self._images.get(key) if isinstance(key, int | str) else None
        if image is None:
            raise RowError("unknown_image", str(key))
        uri = text(image, "coco_url")
        reference = Image(image_id(uri), uri, whole(image, "width"), whole(image, "height"), "image/jpeg")
        return Sample(
            row_id=identifier(row, "id"),
            task="caption",
            messages=caption_turns(text(row, "caption").strip()),
            images=(reference,),
        )
