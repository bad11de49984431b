"""The members of a family of plug-ins: the modules of a package of ours, and what installed packages announce.

Guarantees: listing names imports nothing; a member is imported when its name is used; a name that two offer is
refused whenever it is used, so which of them was found first never matters.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from glotmill.schemas.errors import InputError, one_line
from glotmill.schemas.languages import nearest

M = TypeVar("M")
NO_MEMBERS = frozenset({"contract", "registry"})  # modules of a family's package
OURSELVES = "Glotmill itself"
ATTRIBUTE = "MEMBER"  # what a module of ours calls its member


@dataclass(frozen=True, slots=True)
class Provider:
    """The distribution that a member comes from, where it is not ours.

    Attributes:
        distribution: Its name, as package indexes have it.
        version: Its version.
    """

    distribution: str
    version: str

    def identity(self) -> dict[str, str]:
        """Its part of a fingerprint: another version may do another thing."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Members(Generic[M]):
    """The members of one family by name.

    Attributes:
        package: Package of ours whose modules are members, each named as its file.
        group: Group of entry points by which other packages offer members, each named as its entry point.
        kind: What a member is an instance of.
        what: What users call one, such as ``source format``.
        order: Names of ours that are listed first, in this order; others follow, sorted.
    """

    package: str
    group: str
    kind: type[M]
    what: str
    order: tuple[str, ...] = ()

    def built_in(self) -> tuple[str, ...]:
        """The names of ours."""
        found = pkgutil.iter_modules(import_module(self.package).__path__)
        names = {module.name for module in found if not module.ispkg} - NO_MEMBERS
        return (*(name for name in self.order if name in names), *sorted(names - {*self.order}))

    def of_ours(self) -> dict[str, M]:
        """Our members by name; all are imported, and no other package is looked for."""
        return {name: self._ours(name) for name in self.built_in()}

    def names(self) -> tuple[str, ...]:
        """All names: ours, then those of other packages."""
        ours = self.built_in()
        return (*ours, *sorted({point.name for point in _entry_points(self.group)} - {*ours}))

    def get(self, name: str) -> M:
        """The member of a name.

        Raises:
            InputError: There is none, two packages offer it, or it cannot be imported.
        """
        point = self._announced(name)
        if point is None:
            found: Any = self._ours(name)
        else:
            found = self._imported(point)
        if not isinstance(found, self.kind):
            origin = f" of {_origin(point)}" if point else ""
            msg = f"{self.what} '{name}'{origin}: expected a {self.kind.__name__}, found {type(found).__name__}"
            raise InputError(msg)
        return found

    def provider(self, name: str) -> Provider | None:
        """The package that a member comes from; None for one of ours.

        Raises:
            InputError: As for `get`.
        """
        point = self._announced(name)
        if point is None:
            return None
        return Provider(point.dist.name, point.dist.version) if point.dist else Provider("unknown", "unknown")

    def unknown(self, name: str) -> str:
        """What is wrong with a name that no member has, with the names that there are."""
        names = self.names()
        close = nearest(name, names)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        return f"expected one of {', '.join(names)}{hint}"

    def refuse_clashes(self, names: Iterable[str]) -> None:
        """Refuse names that two packages offer; nothing is imported.

        Raises:
            InputError: As for `get`.
        """
        for name in names:
            self._announced(name)

    def origin(self, name: str) -> str:
        """The package that a member comes from, in words.

        Raises:
            InputError: As for `get`.
        """
        point = self._announced(name)
        return _origin(point) if point else OURSELVES

    def _ours(self, name: str) -> M:
        found: M = getattr(import_module(f"{self.package}.{name}"), ATTRIBUTE)
        return found

    def _announced(self, name: str) -> EntryPoint | None:
        """The entry point of a name; None where the member is ours."""
        points = [point for point in _entry_points(self.group) if point.name == name]
        origins = [OURSELVES] * (name in self.built_in()) + [_origin(point) for point in points]
        if len(origins) > 1:
            msg = f"{self.what} '{name}' is offered by {' and by '.join(origins)}; uninstall or rename one of them"
            raise InputError(msg)
        if not origins:
            msg = f"unknown {self.what} '{name}': {self.unknown(name)}"
            raise InputError(msg)
        return points[0] if points else None

    def _imported(self, point: EntryPoint) -> Any:
        try:
            return point.load()
        except Exception as error:  # whatever a package of somebody else's raises while it is imported
            msg = (
                f"{self.what} '{point.name}' of {_origin(point)} cannot be imported from {point.value}: "
                f"{type(error).__name__}: {one_line(error)}"
            )
            raise InputError(msg) from error


def _entry_points(group: str) -> tuple[EntryPoint, ...]:
    return _entry_points_of(group, tuple(sys.path))


@lru_cache(maxsize=64)
def _entry_points_of(group: str, _path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Read once for a ``sys.path``: each time takes 5 ms and more, and a recipe has many sections."""
    return tuple(entry_points(group=group))


def _origin(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown package"
