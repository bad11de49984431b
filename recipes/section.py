"""The base of every part of a recipe: unknown keys are errors that name the nearest known key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from glotmill.schemas.languages import nearest


class Section(BaseModel):
    """A mapping of a recipe, immutable once read."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def _known_keys_only(cls, value: Any) -> Any:
        if isinstance(value, dict):
            for key in value:
                if key not in cls.model_fields:
                    found = nearest(str(key), cls.model_fields)
                    hint = f"did you mean '{found[0]}'?" if found else f"known: {', '.join(cls.model_fields)}"
                    raise PydanticCustomError(
                        "unknown_key", "unknown key '{key}'; {hint}", {"key": str(key), "hint": hint}
                    )
        return value


def expanded(path: str) -> Path:
    """The path with a leading ``~`` resolved, where there is such a user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def _resolve(value: Any, info: ValidationInfo) -> Any:
    """Paths inside a recipe are relative to the recipe's own file."""
    if isinstance(value, str):
        base = (info.context or {}).get("base", Path())
        return base / expanded(value)
    return value


RecipePath = Annotated[Path, BeforeValidator(_resolve)]


def _resolve_url(value: Any, info: ValidationInfo) -> Any:
    """A URL stays as it is; a path becomes one relative to the recipe's own file."""
    if not isinstance(value, str) or not value or "://" in value:
        return value
    return str(_resolve(value, info))


RecipeUrl = Annotated[str, BeforeValidator(_resolve_url), Field(min_length=1)]
