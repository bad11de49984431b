"""Sections and keys of a recipe that come from families of plug-ins.

A section of a `Family` says itself which member it belongs to, under one key (``format: jsonl``). In a section with
`Settings` each member has a key of its own (``score.language_id``). The model of a recipe knows what all members
have in common. Whoever loads a recipe hands it the members, as `Families` in the validation context, so that nothing
here imports a plug-in.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_args

from pydantic import BeforeValidator, Field, ValidationInfo, create_model
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
class Setting:
    """What a recipe may state for one member, under its name.

    Attributes:
        type: A `Section`, or another type that a key may have, such as ``str | None``.
        default: The value where a recipe states nothing.
        meaning: One sentence for the reference of all keys.
    """

    type: Any
    default: Any
    meaning: str


@dataclass(frozen=True, slots=True)
class Settings:
    """A section in which members have keys of their own, each called by its name.

    Attributes:
        base: The section without these keys.
        members: The family.
        get: The member of a name, which has a ``setting``: a `Setting`, or None where it takes nothing.
        listed: The key of the section that lists members by name.
    """

    base: type[Section]
    members: Members[Any]
    get: Callable[[str], Any]
    listed: str

    def section(self, named: Collection[str] = ()) -> type[Section]:
        """The section with the keys of our members, and of those of other packages that are named.

        Raises:
            InputError: A named member cannot be had, or a key cannot be called by its name.
        """
        ours = self.members.built_in()
        others = [name for name in self.members.names() if name in named and name not in ours]
        found = tuple((name, self.get(name)) for name in (*ours, *others))
        for name, member in found:
            if member.setting is not None and (hasattr(self.base, name) or name in self.base.model_fields):
                msg = f"{self.members.what} '{name}' of {self.members.origin(name)}: no setting can have its name"
                raise InputError(msg)
        return _with_keys(self.base, found)

    def section_for(self, value: dict[Any, Any]) -> type[Section]:
        """The section for what a recipe states there.

        Raises:
            InputError: As for `section`.
        """
        listed = value.get(self.listed)
        listed = [name for name in listed if isinstance(name, str)] if isinstance(listed, list | tuple) else []
        return self.section({*listed, *(key for key in value if isinstance(key, str))})


@lru_cache(maxsize=64)
def _with_keys(base: type[Section], members: tuple[tuple[str, Any], ...]) -> type[Section]:
    """The section with a key for each member that has a setting, in this order; the same class for the same members."""
    settings = [(name, member.setting) for name, member in members if member.setting is not None]
    keys: dict[str, Any] = {
        name: (setting.type, Field(setting.default, description=setting.meaning)) for name, setting in settings
    }
    return create_model(base.__name__, __base__=base, __doc__=base.__doc__, __module__=base.__module__, **keys)


@dataclass(frozen=True, slots=True)
class Families:
    """The plug-ins whose sections and keys a recipe may hold."""

    all: tuple[Family, ...]
    settings: tuple[Settings, ...] = ()

    def of(self, kind: type[Section]) -> Family | None:
        """The family one of whose sections stands where this kind is expected; None where the kind is no such place."""
        found = (family for family in self.all if issubclass(kind, family.base) and family.key not in kind.model_fields)
        return next(found, None)

    def settings_of(self, kind: type[Section]) -> Settings | None:
        """The keys that members have in a section; None where they have none."""
        return next((settings for settings in self.settings if settings.base is kind), None)

    def built_in(self, kind: type[Section]) -> Iterator[type[Section]]:
        """The sections that may stand where a kind is expected, of our own members alone."""
        settings = self.settings_of(kind)
        if settings is not None:
            yield settings.section()
        elif (family := self.of(kind)) is not None:
            yield from family.built_in(kind)
        else:
            yield kind


def with_settings(base: type[Section]) -> BeforeValidator:
    """Makes a mapping the section with the keys of its members.

    Args:
        base: The section without these keys.

    Raises:
        LookupError: When validating: the validation context has no such settings.
    """

    def extended(value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, dict):
            return value
        families: Families = (info.context or {})["families"]
        settings = families.settings_of(base)
        if settings is None:
            raise LookupError(base.__name__)
        try:
            section = settings.section_for(value)
        except InputError as error:
            raise PydanticCustomError("member", "{problem}", {"problem": str(error)}) from error
        return section.model_validate(value, context=info.context)

    return BeforeValidator(extended)


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
