"""Models that others bring: installed packages announce them as entry points, recipes name them.

A package offers a sentence encoder in the group ``glotmill.sentence_encoders`` or an image-text model in
``glotmill.image_text``; the entry point is a callable without arguments that gives the model. Nothing is shipped,
and a recipe can name only what is installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from glotmill.schemas.errors import InputError
from glotmill.schemas.languages import nearest

ENCODERS = "glotmill.sentence_encoders"
IMAGE_TEXT = "glotmill.image_text"

Floats = npt.NDArray[np.float32]


class SentenceEncoder(Protocol):
    """Texts of many languages as vectors that are near where meanings are."""

    def fingerprint(self) -> dict[str, Any]:
        """Model, revision and whatever else decides the vectors."""

    def encode(self, texts: Sequence[str], langs: Sequence[str]) -> Floats:
        """One row a text, in order; ``langs`` are FLORES-200 codes."""


class ImageTextModel(Protocol):
    """How well a text suits an image."""

    def fingerprint(self) -> dict[str, Any]:
        """Model, revision and whatever else decides the similarities."""

    def similarity(self, images: Sequence[str], texts: Sequence[str], langs: Sequence[str]) -> Sequence[float | None]:
        """One value a pair, higher is better; None where an image (a URI) cannot be had."""


def load_plugin(group: str, name: str | None, key: str) -> Any:
    """The model of this name in a group of entry points.

    Args:
        group: `ENCODERS` or `IMAGE_TEXT`.
        name: Its name, as the recipe has it.
        key: The recipe's key, for the error.

    Raises:
        InputError: The recipe names none, or none of that name is installed.
    """
    installed = {point.name: point for point in entry_points(group=group)}
    if name is None or name not in installed:
        hint = nearest(name, installed) if name else []
        known = f"did you mean '{hint[0]}'?" if hint else f"installed: {', '.join(sorted(installed)) or 'none'}"
        msg = f"{key}: expected the name of a plug-in that a package offers as {group}, found {name!r}; {known}"
        raise InputError(msg)
    return installed[name].load()()
