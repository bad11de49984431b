"""Pictures: which references to images mean the same picture, whatever they call it.

An ``image_id`` is an identity of bytes or of a URI, so one picture of COCO has several: its 2014 name, its 2017 name,
and one more for each host. A picture's key is one for all of them. Splits, decontamination, duplicates and derived
tasks go by the key; ids and hashes of rows go by ``image_id``, as they always did.

The first of these that is known is the key:

1. what the recipe's own pattern finds (``images.id``): nobody knows a source's names better than its user;
2. COCO's number (``coco:000000331352``): it comes before the bytes, because a picture may be opened in one source and
   only named in another, and because copies of COCO differ in bytes where somebody saved them again;
3. the SHA-256 of the bytes, where they were looked at;
4. the id that the source gives, or the hash of the URI.

The ``image_id`` is already the best of 3 and 4.
"""

from __future__ import annotations

import re

from glotmill.schemas.keys import image_id as uri_id
from glotmill.schemas.picture_pattern import COCO, PicturePattern, coco_key, key_by_pattern

LOOKED_AT = "sha256:"
HASHES = (LOOKED_AT, "uri:")
WEB = ("http://", "https://", "s3://", "gs://", "hf://")  # such a URI names one picture for everybody

_SUBSET = r"(?:train|val|test|unlabeled)"
_YEAR = r"20(?:14|15|17)"
_NUMBER = r"(\d{12})(?![0-9a-z])"  # not the start of a longer number or of a hash
_COCO_NAMES = (
    # COCO_val2014_000000331352.jpg in whatever folder; RefCOCO puts the number of an annotation behind it.
    re.compile(rf"(?<![0-9a-z])coco_(?:{_SUBSET}\d{{4}}_)?{_NUMBER}"),
    # val2017/000000331352.jpg
    re.compile(rf"(?<![0-9a-z]){_SUBSET}{_YEAR}[/_]{_NUMBER}"),
    # coco/000000331352.jpg, mscoco/images/000000331352.jpg, coco2017/train/000000331352.jpg
    re.compile(rf"(?:^|/)(?:ms[_-]?)?coco(?:_?{_YEAR})?/(?:(?:images?|{_SUBSET})/)*{_NUMBER}"),
    # http://mscoco.org/images/331352, as COCO's first annotation files have it
    re.compile(r"//(?:[\w-]+\.)*(?:cocodataset|mscoco)\.org/(?:[^?#]*/|#explore\?id=)?(\d{1,12})(?:\.\w+)?(?:[?#]|$)"),
)


def picture_key(uri: str, image_id: str, pattern: PicturePattern | None = None) -> str:
    """The key that identifies a picture. The module's docstring says which of its names that is.

    Args:
        uri: Where the image is.
        image_id: ``sha256:`` + hex of its bytes, else the source's own id, else ``uri:`` + hex.
        pattern: The recipe's pattern for the URIs of the source.

    Raises:
        InputError: The pattern takes too long.
    """
    own = key_by_pattern(pattern, uri) if pattern is not None else None
    return own or _coco_named(uri) or (None if image_id.startswith(HASHES) else _coco_named(image_id)) or image_id


def _coco_named(name: str) -> str | None:
    """COCO's key where a path, a file's name or an address says that the picture is COCO's."""
    name = name.lower()
    if "coco" in name or "201" in name:  # any name of COCO has one of them, and most other names have none
        for pattern in _COCO_NAMES:
            if match := pattern.search(name):
                return coco_key(match[1])
    return None


def picture_names(key: str, image_id: str, uri: str) -> list[str]:
    """All names that a picture may be met by, its key first; two references that share one show the same picture.

    Beside the key these are the hash of the bytes, and the hash of a URI on the web: so a picture that was looked at
    in one source meets its copy under another name, and itself where it is only named. A path in a folder is no such
    name: many folders have a ``0001.jpg``.

    Args:
        key: Its key.
        image_id: Its id.
        uri: Where it is.
    """
    names = [key]
    if image_id.startswith(LOOKED_AT):
        names.append(image_id)
    if uri.startswith(WEB) and not key.startswith(f"{COCO}:"):  # COCO's number follows from the URI
        names.append(uri_id(uri))
    return list(dict.fromkeys(names))
