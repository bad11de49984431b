"""``extends:``: a recipe that says only what it has otherwise than another.

Guarantees: mappings are merged key by key, anything else is replaced; a path stays relative to the file that wrote
it; what has a name (a source, a derived set, a source's shares, a scorer's rules) is taken away by null; recipes that
extend each other in a circle are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from glotmill.recipes.section import expanded, written
from glotmill.schemas.errors import InputError, shortened

KEY = "extends"
MAX_CHAIN = 20  # recipes that extend one another
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
    content: dict[str, Any] = written(read(path), path.resolve().parent)
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
    return _merged(base, content)


def without_removed(content: dict[str, Any], where: str = "") -> dict[str, Any]:
    """The content without the sources, derived sets, shares of a source and sections of the filter that are null."""
    return {
        key: without_removed(value, str(key)) if isinstance(value, dict) else value
        for key, value in content.items()
        if value is not None or where not in _REMOVABLE
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
