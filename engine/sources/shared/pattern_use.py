"""Whether a source's own pattern for the keys of its pictures is of any use: one with a slip finds nothing at all."""

from __future__ import annotations

from glotmill.recipes.sections.images import Images
from glotmill.schemas.errors import InputError
from glotmill.schemas.picture_pattern import key_by_pattern
from glotmill.schemas.sample import Sample


class PatternUse:
    """Looks on while a source is read.

    Args:
        images: The source's section. Only a pattern that the recipe itself states is looked at.
    """

    def __init__(self, images: Images) -> None:
        self._pattern = images.pattern if "id" in images.model_fields_set else None
        self._first: str | None = None

    def note(self, sample: Sample) -> None:
        """See whether the pattern finds anything in the names of a sample's images; once it did, no more.

        Raises:
            InputError: The pattern takes too long.
        """
        if self._pattern is None:
            return
        for image in sample.images:
            self._first = self._first or image.uri
            if key_by_pattern(self._pattern, image.uri) is not None:
                self._pattern = None
                return

    def add(self, other: PatternUse) -> None:
        """Take in what was seen in later samples of the source."""
        if other._pattern is None:
            self._pattern = None
        self._first = self._first or other._first

    def check(self, name: str) -> None:
        """Refuse a pattern that found nothing in any image.

        Args:
            name: The source's place in the recipe.

        Raises:
            InputError: It did not.
        """
        if self._pattern is not None and self._first is not None:
            msg = (
                f"sources.{name}.images.id: the pattern finds nothing in any of the source's images, such as "
                f"{self._first[:80]!r}; correct it, or leave it out"
            )
            raise InputError(msg)
