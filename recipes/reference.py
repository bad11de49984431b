"""The reference of all recipe keys, written from the model (`glotmill.engine.commands.recipe_keys` writes the file).

Guarantees: every key that a recipe may have is in it, with type, default and meaning; a key without a meaning is an
error. It reads the model's fields, not pydantic's JSON schema: there a path is a text like any other, and the sections
of a family's members have no name.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from glotmill.recipes.families import Families
from glotmill.recipes.model import Recipe
from glotmill.recipes.section import RecipePath, RecipeUrl, Section

HEAD = """# Every key of a recipe

Generated from the recipe's model by `python -m glotmill.engine.commands.recipe_keys docs/recipe-keys.md`; a test
compares the two. [recipes](recipes.md), [sources](sources.md) and [text](text.md) explain the keys, and
[filters](filters.md) has the parameters of the rules, which `filter` takes. NAME stands for a name that you choose.
"""
_PLAIN = {
    int: "whole number",
    float: "number",
    str: "text",
    bool: "true or false",
    Path: "path",
    Any: "anything",
}
_BOUNDS = (("ge", "from"), ("gt", "above"), ("le", "to"), ("lt", "below"))
_ATTRIBUTE = re.compile(r"^(\w+): (.*)$")


def meanings(section: type[Section]) -> dict[str, str]:
    """What the keys of a section mean, from the ``Attributes`` of its docstring and those of its bases."""
    found: dict[str, str] = {}
    for base in reversed(section.__mro__):
        doc = base.__dict__.get("__doc__") or ""
        _, _, attributes = doc.partition("Attributes:\n")
        name = ""
        for line in attributes.splitlines():
            match = _ATTRIBUTE.match(line.strip())
            if match and line.startswith(" " * 8) and not line.startswith(" " * 9):
                name = match[1]
                found[name] = match[2]
            elif line.strip() and name:
                found[name] += f" {line.strip()}"
    return found


def sections(families: Families) -> dict[type[Section], str]:
    """All sections of a recipe with their headings, each at the place where it stands first, in the model's order."""
    places: dict[type[Section], str] = {Recipe: ""}
    found: dict[type[Section], str] = {Recipe: "The recipe"}
    waiting: list[type[Section]] = [Recipe]
    while waiting:
        section = waiting.pop(0)
        for key, field in section.model_fields.items():
            for inner, place in _inside(field.annotation, f"{places[section]}.{key}".lstrip("."), families):
                if inner not in found:
                    kind = _kind(inner) or (_kind(section) if place in places.values() else "")
                    places[inner] = place
                    heading = f"{place} ({kind})" if kind else place
                    # Several sections of one place that no key names are told apart by their own first key.
                    found[inner] = f"{place}.{next(iter(inner.model_fields))}" if heading in found.values() else heading
                    waiting.append(inner)
    return found


def _inside(annotation: Any, place: str, families: Families) -> Iterator[tuple[type[Section], str]]:
    """The sections that a type holds, with their places; of a family, those of all our members."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield from ((inner, place) for inner in families.built_in(annotation))
        return
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        parts = parts[:1]
    elif origin is dict:
        parts, place = parts[1:], f"{place}.NAME"
    for part in parts if origin is not Literal else ():
        yield from _inside(part, place, families)


def _kind(section: type[Section]) -> str:
    """The key and value that tell a section from others in its place, such as ``format: coco``."""
    for key, field in section.model_fields.items():
        values = get_args(field.annotation)
        if get_origin(field.annotation) is Literal and len(values) == 1 and field.is_required():
            return f"{key}: {values[0]}"
    return ""


def _anchor(text: str) -> str:
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def type_name(annotation: Any, headings: dict[type[Section], str], families: Families) -> str:
    """A type in words, sections as links."""
    if annotation == RecipePath:
        return "path"
    if annotation == RecipeUrl:
        return "path or URL"
    if isinstance(annotation, type) and issubclass(annotation, Section):
        links = []
        for section, _ in _inside(annotation, "", families):
            text = headings[section]
            links.append(f"[{_kind(section) or text}](#{_anchor(text)})")
        return " or ".join(links)
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_name(parts[0], headings, families)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in parts)
    if origin in (Union, types.UnionType):
        return " or ".join(
            dict.fromkeys(type_name(part, headings, families) for part in parts if part is not types.NoneType)
        )
    if origin in (tuple, list):
        return f"list of {type_name(parts[0], headings, families)}"
    if origin is dict:
        return f"mapping of {type_name(parts[0], headings, families)} to {type_name(parts[1], headings, families)}"
    msg = f"no words for the type {annotation!r}"
    raise TypeError(msg)


def _bounds(field: FieldInfo) -> str:
    found = [
        f"{word} {getattr(item, name):g}" for name, word in _BOUNDS for item in field.metadata if hasattr(item, name)
    ]
    return f" {' '.join(found)}" if found else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**needed**"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, Section) or field.validate_default:
        return "its own defaults"
    if value is None or value in ({}, (), ""):
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and "<" in value:  # else a page takes it for a tag
        return f"`{value}`"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _prose(text: str) -> str:
    """A docstring's sentence as a page has it: code in single marks, and what YAML calls null by the word for it."""
    return re.sub(r"\bNone\b", "none", text.replace("``", "`"))


def reference(families: Families) -> str:
    """The page.

    Args:
        families: Whose built-in members are on it.

    Raises:
        LookupError: A key has no meaning in the docstring of its section.
    """
    headings = sections(families)
    lines = [HEAD]
    for section, head in headings.items():
        known = meanings(section)
        summary = " ".join((section.__doc__ or "").partition("Attributes:")[0].split())
        lines += [f"## {head}", "", _prose(summary), "", "| key | type | default | meaning |", "|---|---|---|---|"]
        for key, field in section.model_fields.items():
            if _kind(section).startswith(f"{key}: "):
                continue
            meaning = known.get(key) or field.description
            if meaning is None:
                msg = f"{section.__module__}.{section.__name__}: no meaning of '{key}' in its docstring"
                raise LookupError(msg)
            what = f"{type_name(field.annotation, headings, families)}{_bounds(field)}"
            cells = (f"`{key}`", what, _default(field), _prose(meaning))
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        lines.append("")
    return "\n".join(lines)
