"""A folder of versions, on a disk or an object store, which has neither transactions nor renames.

Guarantees: files have names of their content and never get another one; a version is a list of them, put under the
next number only if nobody has it, so of two publications at once one comes second and knows it; what stands at the top
(`glotmill.engine.publish.top`) follows. What no version lists is of no meaning.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from glotmill.engine.dataset.manifest import MANIFEST, inside
from glotmill.engine.dataset.pages import CARD, EXTRAS, PAGES
from glotmill.engine.publish.addresses import FolderPlace
from glotmill.engine.storage.atomic_write import json_bytes
from glotmill.engine.storage.checked import Count, FileModel, Name, Sha256, checked, json_value, parsed
from glotmill.engine.storage.folder import PROBE, Folder
from glotmill.schemas.errors import InputError, PublishError, one_line, shortened
from glotmill.schemas.keys import bytes_sha256, file_sha256

FORMAT = 1
LATEST = "LATEST"
NUMBERED = re.compile(r"(\d{8})\.json")
STORED = re.compile(r"(?:(?:data/\w+|images|manifests)/)?\w[\w.-]*-[0-9a-f]{12}\.(?:parquet|json|md|yaml)")
TAG = re.compile(r"\w[\w.-]*")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a version: its name in the folder, checksum and bytes."""

    name: str
    sha256: str
    size: int


def _is_other(path: Path) -> bool:
    """Whether a folder stands for a file at the top of a published folder, or a file for a folder."""
    if path.name in (LATEST, CARD):
        return path.is_dir()
    return path.is_symlink() or path.is_file()


class ListEntry(FileModel):
    """A file of a version."""

    name: Name
    sha256: Sha256
    size: Count


class VersionList(FileModel):
    """What a version's list of files must hold."""

    files: dict[str, ListEntry]


class TagFile(FileModel):
    """What a tag's file must hold."""

    version: Count


def stored_name(path: str, sha256: str) -> str:
    """The name of a file in the folder: its path with a part of its checksum."""
    whole = PurePosixPath(path)
    return str(whole.with_name(f"{whole.stem}-{sha256[:12]}{whole.suffix}"))


def list_name(number: int) -> str:
    """The name of a version's list of files, in the folder ``manifests``."""
    return f"{number:08}.json"


class Versions:
    """The versions of one folder.

    Raises:
        InputError: The storage is unknown, or the folder holds other things.
    """

    def __init__(self, place: FolderPlace) -> None:
        url = place.url if "://" in place.url else str(Path(place.url).absolute())
        self.place = place
        self.folder = Folder(url)
        path = self.folder.path
        if path is not None and path.exists() and not path.is_dir():
            msg = f"{place}: expected a folder, found a file"
            raise InputError(msg)
        in_the_way = [name for name in (LATEST, CARD, "manifests", "tags") if path and _is_other(path / name)]
        if in_the_way:
            msg = f"{place}: {in_the_way[0]}: expected what glotmill publish put there; put it back, or remove it"
            raise InputError(msg)
        names = self.folder.names()
        # What a publication that was killed left behind is no other thing.
        others = [name for name in names if not STORED.fullmatch(name) and not name.startswith(".") and name != PROBE]
        if others and LATEST not in names and not self.numbers():
            msg = f"{place}: it holds {others[0]} and no version that Glotmill published; name another folder"
            raise InputError(msg)

    def numbers(self) -> list[int]:
        """The numbers of all versions, ascending."""
        found = (NUMBERED.fullmatch(name) for name in self.folder.child("manifests").names())
        return sorted(int(match[1]) for match in found if match)

    def latest(self) -> int:
        """The number of the newest version; 0 where there is none."""
        return max(self.numbers(), default=0)

    def number(self, version: str | None) -> int:
        """The number of a version by its number, its tag, or None for the newest.

        Raises:
            InputError: There is none.
        """
        numbers = self.numbers()
        if version is None and numbers:
            return numbers[-1]
        if version and version.isdigit() and int(version) in numbers:
            return int(version)
        if version and TAG.fullmatch(version) and f"{version}.json" in self.folder.child("tags").names():
            return self._tagged(version)
        named = f"version {version}" if version else "version"
        msg = f"{self.place.url}: no {named} there; it has {f'1 to {numbers[-1]}' if numbers else 'none'}"
        raise InputError(msg)

    def files(self, number: int) -> dict[str, StoredFile]:
        """The files of a version by their path in the dataset.

        Raises:
            InputError: The list is of another format, or names a path that no dataset has.
        """
        where = f"{self.place.url}: version {number}"
        what, mend = "the list of files of a version", "take another version"
        listed = json_value(self.folder.child("manifests").read(list_name(number)), where, what, mend)
        if isinstance(listed, dict) and listed.get("format") != FORMAT:
            msg = f"{where} is of another format; use the version of Glotmill that wrote it"
            raise InputError(msg)
        entries = checked(VersionList, listed, where, what, mend).files
        files = {path: StoredFile(entry.name, entry.sha256, entry.size) for path, entry in entries.items()}
        for path, file in files.items():
            if path not in (MANIFEST, *PAGES, *EXTRAS):
                inside(path, where)
            if not STORED.fullmatch(file.name):
                msg = f"{where} names {shortened(repr(file.name))}, which is no file of a dataset; {mend}"
                raise InputError(msg)
        lacking = [name for name in (MANIFEST, *PAGES) if name not in files]
        if lacking:
            msg = f"{where}: not {what}: it has no {lacking[0]}; {mend}"
            raise InputError(msg)
        return files

    def check_free(self, number: int) -> None:
        """Find nothing that is no file where the list of the next version goes, before anything is sent.

        Raises:
            InputError: There is something: every number would seem to be another publication's.
        """
        lists = self.folder.child("manifests")
        place = None if lists.path is None else lists.path / list_name(number)
        if place is not None and os.path.lexists(place) and not place.is_file():
            msg = f"{place}: expected no file or the list of a version, found a folder or a dead link; move it away"
            raise InputError(msg)

    def put(self, number: int, files: Mapping[str, StoredFile]) -> bool:
        """Make a list of files the version of this number; False where another version has it."""
        content = {"format": FORMAT, "files": {path: asdict(file) for path, file in files.items()}}
        return self.folder.child("manifests").put_if_absent(list_name(number), json_bytes(content))

    def check_tag(self, name: str, number: int | None) -> None:
        """Find a tag to be free, or to be that of a version.

        Args:
            name: The tag.
            number: The version that it is for; None for one that is still to come.

        Raises:
            InputError: It is no name, or another version has it.
        """
        if not TAG.fullmatch(name):
            msg = f"--tag {name}: expected letters, digits, dots and hyphens"
            raise InputError(msg)
        tags = self.folder.child("tags")
        # Whatever has the file's name is in the way of a tag, before anything is sent.
        there = f"{name}.json" in tags.names() or (
            tags.path is not None and os.path.lexists(tags.path / f"{name}.json")
        )
        if there and self._tagged(name) != number:
            msg = f"--tag {name}: version {self._tagged(name)} has it already; choose another"
            raise InputError(msg)

    def tag(self, name: str, number: int) -> None:
        """Name a version; a name that it has already is fine.

        Raises:
            PublishError: Another publication took the name since it was checked.
        """
        tags = self.folder.child("tags")
        if not tags.put_if_absent(f"{name}.json", json_bytes({"version": number})) and self._tagged(name) != number:
            msg = (
                f"{self.place}: version {number} is published, but without the tag {name}, which version "
                f"{self._tagged(name)} got meanwhile; publish again with another --tag"
            )
            raise PublishError(msg)

    def _tagged(self, name: str) -> int:
        where, what = f"{self.place.url}: the tag {name}", "the number of a version"
        mend = "name a version by its number, or choose another tag"
        try:
            data = self.folder.child("tags").read(f"{name}.json")
        except OSError as error:
            msg = f"{where}: cannot be read: {one_line(error)}; {mend}"
            raise InputError(msg) from None
        number = parsed(TagFile, data, where, what, mend).version
        if number not in self.numbers():
            msg = f"{where}: names version {number}, which is not there; {mend}"
            raise InputError(msg)
        return number

    def lost(self, files: Mapping[str, StoredFile]) -> list[str]:
        """The paths of files that are not there in their size, or, if they are pages, with their bytes.

        Raises:
            InputError: A folder has the name of one.
        """
        self._check_no_folder(files.values())
        folders = {str(PurePosixPath(file.name).parent) for file in files.values()}
        sizes = {
            str(PurePosixPath(folder) / name): size
            for folder in folders
            for name, size in (self.folder if folder == "." else self.folder.child(folder)).sizes().items()
        }
        return [
            path
            for path, file in files.items()
            if sizes.get(file.name) != file.size or ("/" not in path and not self.holds(file))
        ]

    def _check_no_folder(self, files: Iterable[StoredFile]) -> None:
        """Refuse a published folder in which a folder has the name of a file, before anything is sent."""
        root = self.folder.path
        taken = None if root is None else next((file.name for file in files if (root / file.name).is_dir()), None)
        if taken is not None:
            msg = f"{self.folder.location(taken)}: expected a file of a version, found a folder; move it away"
            raise InputError(msg)

    def holds(self, file: StoredFile) -> bool:
        """Whether a file is there, byte for byte; of a shard on an object store, in its size."""
        try:
            if self.folder.path is not None:
                return file_sha256(self.folder.path / file.name) == file.sha256
            if file.name.endswith(".parquet"):
                return self.folder.size(file.name) == file.size
            return bytes_sha256(self.folder.read(file.name)) == file.sha256
        except FileNotFoundError:
            return False

    def read(self, file: StoredFile) -> bytes:
        """The bytes of a small file.

        Raises:
            InputError: It is missing, or was changed.
        """
        try:
            data = self.folder.read(file.name)
        except FileNotFoundError:
            data = None
        if data is None or bytes_sha256(data) != file.sha256:
            msg = (
                f"{self.folder.location(file.name)}: {'missing' if data is None else 'not the file that was published'}"
            )
            raise InputError(f"{msg}; publish the dataset again, or take another version")
        return data
