"""Sections that come from a family of plug-ins: which one it is stands in the section itself, under one key.

The model of a recipe knows what all sections of a family have in common. Which sections there are it is told by
whoever loads a recipe, as `Families` in the validation context, so that nothing here imports a plug-in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BeforeValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from glotmill.recipes.section import Section
from glotmill.schemas.errors import InputError, shortened
from glotmill.schemas.members import Members


@dataclass(frozen=True, slots=True)
class Family:
    """The sections that may stand in one kind of place.

    Attributes:
        base: What all of them are.
        key: The key whose value says which one a section is, such as ``format``.
        members: The family's members, each with its ``section``.
    """

    base: type[Section]
    key: str
    members: Members[Any]

    def section(self, name: str) -> type[Section]:
        """The section of a member.

        Raises:
            InputError: The member cannot be had, or its section does not fit the family.
        """
        found = self.members.get(name).section
        if not (isinstance(found, type) and issubclass(found, self.base)):
            msg = f"{self.members.what} '{name}': its section is no {self.base.__name__}"
            raise InputError(msg)
        field = found.model_fields.get(self.key)
        if field is None or get_args(field.annotation) != (name,):
            msg = f"{self.members.what} '{name}': its section must state {self.key}: Literal[{name!r}]"
            raise InputError(msg)
        return found

    def name_of(self, section: Section) -> str:
        """The name of the member that a section belongs to."""
        return str(getattr(section, self.key))

    def built_in(self, kind: type[Section]) -> Iterator[type[Section]]:
        """The sections of our own members that are of a kind."""
        for name in self.members.built_in():
            section = self.section(name)
            if issubclass(section, kind):
                yield section


@dataclass(frozen=True, slots=True)
class Families:
    """The families of plug-ins whose sections a recipe may hold."""

    all: tuple[Family, ...]

    def of(self, kind: type[Section]) -> Family | None:
        """The family one of whose sections stands where this kind is expected; None where the kind is no such place."""
        found = (family for family in self.all if issubclass(kind, family.base) and family.key not in kind.model_fields)
        return next(found, None)


def one_of(kind: type[Section], words: str = "") -> BeforeValidator:
    """Makes a mapping the section that its key names.

    Args:
        kind: What the section must be: the base of a family, or a narrower one.
        words: What that is, for a member of the family that is no such section.

    Raises:
        LookupError: When validating: the validation context has no such family.
    """

    def chosen(value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, dict):
            return value
        families: Families = (info.context or {})["families"]
        family = families.of(kind)
        if family is None:
            raise LookupError(kind.__name__)
        section = _section(family, value.get(family.key))
        if not issubclass(section, kind):
            what = {"key": family.key, "name": value[family.key], "words": words}
            raise PydanticCustomError("member", "{key} '{name}' does not fit here; expected {words}", what)
        return section.model_validate(value, context=info.context)

    return BeforeValidator(chosen)


def _section(family: Family, name: Any) -> type[Section]:
    """The section of a name in a recipe, or an error of the recipe's key."""
    if name is None:
        raise PydanticCustomError("member", "required key {key} is missing", {"key": family.key})
    shown = shortened(str(name))
    if not isinstance(name, str) or name not in family.members.names():
        problem = f"unknown {family.key} '{shown}', {family.members.unknown(shown)}"
        raise PydanticCustomError("member", "{problem}", {"problem": problem})
    try:
        return family.section(name)
    except InputError as error:
        raise PydanticCustomError("member", "{problem}", {"problem": str(error)}) from error
