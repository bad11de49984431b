"""``extends:``: a recipe that says only what it has otherwise than another.

Guarantees: mappings are merged key by key, anything else is replaced; a path stays relative to the file that wrote
it; what has a name (a source, a derived set, a source's shares, a scorer's rules) is taken away by null; recipes that
extend each other in a circle are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from glotmill.recipes.section import expanded
from glotmill.schemas.errors import InputError, shortened

KEY = "extends"
MAX_CHAIN = 20  # recipes that extend one another
PATH_KEYS = (
    "path", "questions", "annotations", "image_list", "folder", "memory", "table", "weights", "bank", "translations",
    "against", "calibration",
)  # fmt: skip
WORDS = ("embedded", "uniform", "mc4", "mt5")  # what stands where a path could
# A mapping that states another of these is another thing, and nothing of the old one is taken over.
_TAGS = ("format", "engine", "kind")
_REMOVABLE = ("sources", "derive", "by_source", "filter")

Reader = Callable[[Path], dict[str, Any]]
Finder = Callable[[str], Path]


def extended(path: Path, read: Reader, find: Finder, above: tuple[Path, ...] = ()) -> dict[str, Any]:
    """The content of a recipe file with what it extends.

    Args:
        path: The file.
        read: Reads a recipe file.
        find: The file of a recipe given by path or name.
        above: The files that led here.

    Raises:
        InputError: What it extends is not there, is not a recipe, or extends it in turn.
    """
    content = read(path)
    named = content.pop(KEY, None)
    if named is None:
        return content
    if not isinstance(named, str) or not named:
        found = shortened(repr(named))
        msg = f"recipe {path}: extends: expected a recipe file or the name of a built-in one, found {found}"
        raise InputError(msg)
    beside = path.resolve().parent / expanded(named)
    parent = beside if beside.is_file() else find(named)
    chain = (*above, path.resolve())
    if len(chain) > MAX_CHAIN:
        msg = f"recipe {path}: extends: a chain of more than {MAX_CHAIN} recipes"
        raise InputError(msg)
    if parent.resolve() in chain:
        msg = f"recipe {path}: extends: {named} extends this recipe in turn"
        raise InputError(msg)
    base = extended(parent, read, find, chain)
    return _merged(_anchored(base, parent.resolve().parent), content)


def without_removed(content: dict[str, Any], where: str = "") -> dict[str, Any]:
    """The content without the sources, derived sets, shares of a source and sections of the filter that are null."""
    return {
        key: without_removed(value, str(key)) if isinstance(value, dict) else value
        for key, value in content.items()
        if value is not None or where not in _REMOVABLE
    }


def is_path(key: str, value: Any, where: tuple[str, ...] = ()) -> bool:
    """Whether a recipe's value is a path: a model is a Hub id unless it is written as a path."""
    if not isinstance(value, str) or value in WORDS or "://" in value:
        return False
    if key == "model":
        return where[-1:] in (("translate",), ("language_id",)) and value.startswith((".", "/", "~"))
    return key in PATH_KEYS


def _anchored(value: Any, base: Path, where: tuple[str, ...] = ()) -> Any:
    """The content with its relative paths as paths from its file's folder."""
    if isinstance(value, list):
        return [_anchored(item, base, where) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: str(base / expanded(item)) if is_path(str(key), item, where) else _anchored(item, base, (*where, str(key)))
        for key, item in value.items()
    }


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    if any(tag in new and new[tag] != old.get(tag) for tag in _TAGS):
        return new
    merged = dict(old)
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merged(merged[key], value)
        else:
            merged[key] = value
    return merged
