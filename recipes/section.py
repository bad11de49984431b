"""The base of every part of a recipe: unknown keys are errors that name the nearest known key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from glotmill.schemas.languages import nearest

FilterValue = float | str | dict[str, str]  # of a key of a rule: a threshold, an action, an expression


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
            return {key: plain(item) if cls._is_anything(key) else item for key, item in value.items()}
        return value

    @classmethod
    def _is_anything(cls, key: str) -> bool:
        """Whether a key's values are of any type, so that no type makes plain texts of `Written` ones."""
        annotation = cls.model_fields[key].annotation
        return annotation is Any or Any in get_args(annotation)


def expanded(path: str) -> Path:
    """The path with a leading ``~`` resolved, where there is such a user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


class Written(str):
    """A text of a recipe that knows the folder to which it is relative, should it be a path.

    A recipe may extend others, in other folders, and ``--set`` overrides keys. Only the type of a key says which texts
    are paths, and it is known last.
    """

    __slots__ = ("base",)
    base: Path


def written(content: Any, base: Path) -> Any:
    """The content of a recipe's file with its texts as `Written` ones."""
    if isinstance(content, dict):
        return {key: written(value, base) for key, value in content.items()}
    if isinstance(content, list):
        return [written(value, base) for value in content]
    if isinstance(content, str):
        text = Written(content)
        text.base = base
        return text
    return content


def plain(content: Any) -> Any:
    """The content with its texts as plain ones again, for a key of any type."""
    if isinstance(content, dict):
        return {key: plain(value) for key, value in content.items()}
    if isinstance(content, list):
        return [plain(value) for value in content]
    return str(content) if isinstance(content, Written) else content


def _resolve(value: Any, info: ValidationInfo) -> Any:
    """Paths inside a recipe are relative to the file that they are written in."""
    if isinstance(value, str):
        base = value.base if isinstance(value, Written) else (info.context or {}).get("base", Path())
        return base / expanded(value)
    return value


RecipePath = Annotated[Path, BeforeValidator(_resolve)]


def _resolve_url(value: Any, info: ValidationInfo) -> Any:
    """A URL stays as it is; a path becomes one relative to the recipe's own file."""
    if not isinstance(value, str) or not value or "://" in value:
        return value
    return str(_resolve(value, info))


RecipeUrl = Annotated[str, BeforeValidator(_resolve_url), Field(min_length=1)]


def _resolve_model(value: Any, info: ValidationInfo) -> Any:
    """A model is a Hub id or a server's name unless it is written as a path."""
    if isinstance(value, str) and value.startswith((".", "/", "~")):
        return str(_resolve(value, info).resolve())
    return value


ModelName = Annotated[str, BeforeValidator(_resolve_model), Field(min_length=1)]
