"""Where a published dataset is read from: a commit at the Hub, or a version of a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from glotmill.engine.dataset.pages import CARD
from glotmill.engine.publish.addresses import FolderPlace, HubPlace
from glotmill.engine.publish.hub_repository import HubRepository, manifest_line
from glotmill.engine.publish.versions import StoredFile, Versions
from glotmill.schemas.errors import InputError


class Origin(Protocol):
    """Where a version of a dataset can be read.

    Attributes:
        place: Its address without the revision.
        revision: The commit, or the version.
        checks_files: Whether `read` compares what it reads with a checksum that the place keeps beside the manifest's.
    """

    place: str
    revision: str
    checks_files: bool

    def read(self, name: str) -> bytes:
        """The bytes of a small file."""

    def open(self, name: str) -> Any:
        """A file to read ranges of."""

    def fetch(self, name: str, to: Path) -> None:
        """Copy a whole file."""

    def published_card(self, manifest: str) -> tuple[str, bytes] | None:
        """(revision, card) of the publication of a manifest, named by its SHA-256; None where nothing is found."""


class HubOrigin:
    """A commit of a repository.

    Raises:
        InputError: There is no such repository or revision, or it cannot be read with this token.
    """

    checks_files = False

    def __init__(self, place: HubPlace) -> None:
        self._hub = HubRepository(place, write=False)
        oid = self._hub.head()
        if oid is None:
            msg = f"{place}: no such dataset or revision; a private one needs a token in HF_TOKEN that may read it"
            raise InputError(msg)
        self.place = str(HubPlace(place.repo, None))
        self.revision = oid

    def read(self, name: str) -> bytes:
        """The bytes of a small file."""
        return self._hub.read(name, self.revision)

    def open(self, name: str) -> Any:
        """A file to read ranges of."""
        return self._hub.open(name, self.revision)

    def fetch(self, name: str, to: Path) -> None:
        """Copy a whole file."""
        self._hub.fetch(name, self.revision, to)

    def published_card(self, manifest: str) -> tuple[str, bytes] | None:
        """(commit, card) of the newest commit whose message names the manifest."""
        oid = self._hub.find_commit(manifest_line(manifest), pulls=False)
        try:
            return (oid, self._hub.read(CARD, oid)) if oid else None
        except FileNotFoundError:
            return None


class FolderOrigin:
    """A version of a folder.

    Raises:
        InputError: There is no such version.
    """

    checks_files = True

    def __init__(self, place: FolderPlace) -> None:
        versions = Versions(place)
        number = versions.number(place.version)
        self._versions, self._folder = versions, versions.folder
        self._files: Mapping[str, StoredFile] = versions.files(number)
        self.place = place.url
        self.revision = str(number)

    def _file(self, name: str) -> StoredFile:
        if name not in self._files:
            raise FileNotFoundError(2, "no such file in this version", name)
        return self._files[name]

    def read(self, name: str) -> bytes:
        """The bytes of a small file, which are those that the version lists."""
        return self._versions.read(self._file(name))

    def open(self, name: str) -> Any:
        """A file to read ranges of."""
        return self._folder.open(self._file(name).name)

    def fetch(self, name: str, to: Path) -> None:
        """Copy a whole file."""
        self._folder.get_file(self._file(name).name, to)

    def published_card(self, manifest: str) -> tuple[str, bytes] | None:  # noqa: ARG002
        """None: a version's files never change."""
        return None


def open_origin(place: HubPlace | FolderPlace) -> Origin:
    """The version that an address names."""
    return HubOrigin(place) if isinstance(place, HubPlace) else FolderOrigin(place)
