"""Taking typed values out of parsed rows, with a row-level reason for whatever is not as it should be."""

from __future__ import annotations

from typing import Any

from glotmill.schemas.errors import RowError
from glotmill.schemas.keys import image_id
from glotmill.schemas.sample import Image
from glotmill.schemas.sample_checks import check_text

LONGEST_URI = 8192  # what servers accept of a URL at most


def mapping(raw: Any) -> dict[str, Any]:
    """The row as an object."""
    if not isinstance(raw, dict):
        raise RowError("not_an_object", type(raw).__name__)
    return raw


def text(row: dict[str, Any], key: str) -> str:
    """A string that must be there and hold more than white space."""
    value = row.get(key)
    if value is None:
        raise RowError(f"missing_field.{key}")
    if not isinstance(value, str):
        raise RowError(f"wrong_type.{key}", f"expected a string, found {type(value).__name__}")
    if not value.strip():
        raise RowError(f"empty_text.{key}")
    return value


def identifier(row: dict[str, Any], key: str) -> str:
    """A string or whole number that names something, as a string."""
    value = row.get(key)
    if value is None:
        raise RowError(f"missing_field.{key}")
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise RowError(f"wrong_type.{key}", f"expected an id, found {type(value).__name__}")
    return str(value)


def texts(row: dict[str, Any], key: str) -> tuple[str, ...] | None:
    """A list of strings, or None where the key is absent."""
    value = row.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RowError(f"wrong_type.{key}", "expected a list of strings")
    return tuple(value)


def whole(row: dict[str, Any], key: str) -> int | None:
    """A whole number, or None where the key is absent."""
    value = row.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise RowError(f"wrong_type.{key}", f"expected a whole number, found {type(value).__name__}")
    if value is not None and not -(2**31) <= value < 2**31:
        raise RowError(f"out_of_range.{key}", "expected a number of 32 bits")
    return value


def reference(uri: str, width: int | None = None, height: int | None = None, mime: str | None = None) -> Image:
    """The reference to an image whose bytes were not seen: its id is made of its URI.

    Raises:
        RowError: The URI is none; one that is very long is an image written out as text.
    """
    check_text(uri)
    if len(uri) > LONGEST_URI:
        raise RowError("uri_too_long", f"{len(uri)} characters: {uri[:40]}...")
    return Image(image_id(uri), uri, width, height, mime)
