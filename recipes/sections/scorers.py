"""The ``score:`` section of a recipe: which scorers run.

What a recipe states for one of them is in the module of that scorer.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    SerializationInfo,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
)

from glotmill.recipes.families import with_settings
from glotmill.recipes.section import Section
from glotmill.recipes.sections.translate import FOR_LOCK

LATER = frozenset({"quality"})  # settings that came after datasets whose locks do not have them


class Score(Section):
    """Which scorers judge the translations. A scorer that has a setting has a key of its own name.

    Attributes:
        scorers: Their names (docs/filters.md); None takes the default ones that the engine has what they need for.
        skip_rejected: Spare expensive scorers the records that cheap rules reject; such records stay rejected
            until they are scored.
    """

    scorers: tuple[str, ...] | None = None
    skip_rejected: bool = False

    @field_validator("scorers", mode="before")
    @classmethod
    def _as_tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @model_serializer(mode="wrap")
    def _dumped(self, dump: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        """A key of `LATER` that states nothing is left out of locks: those of datasets stay as they are."""
        found: dict[str, Any] = dump(self)
        if info.context == FOR_LOCK:
            found = {key: value for key, value in found.items() if value is not None or key not in LATER}
        return found

    @property
    def settings(self) -> dict[str, Any]:
        """What is stated for each scorer that takes something, or its default, by the scorer's name."""
        return {name: getattr(self, name) for name in type(self).model_fields if name not in Score.model_fields}


ScoreSection = Annotated[SerializeAsAny[Score], with_settings(Score)]
