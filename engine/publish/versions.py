"""A folder of versions, on a disk or an object store, which has neither transactions nor renames.

Guarantees: files have names of their content and are never overwritten; a version is a list of them, put under the
next number only if nobody has it, so of two publications at once one comes second and knows it; the pointer
``LATEST`` and the card at the top are written last. What no version lists is of no meaning.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import orjson
import yaml

from engine.publish.card import parted
from engine.publish.contents import EXTRAS, PAGES
from engine.publish.places import FolderPlace
from engine.store.files import json_bytes
from engine.store.folder import PROBE, Folder
from engine.store.manifest import MANIFEST, inside
from schemas.errors import InputError, StoreError
from schemas.keys import bytes_sha256

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


def stored_name(path: str, sha256: str) -> str:
    """The name of a file in the folder: its path with a part of its checksum."""
    whole = PurePosixPath(path)
    return str(whole.with_name(f"{whole.stem}-{sha256[:12]}{whole.suffix}"))


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
        names = self.folder.names()
        # What a publication that was killed left behind is no other thing.
        others = [name for name in names if not STORED.fullmatch(name) and not name.startswith(".") and name != PROBE]
        if others and LATEST not in names and not self._numbers():
            msg = f"{place}: it holds {others[0]} and no version that Glotmill published; name another folder"
            raise InputError(msg)

    def _numbers(self) -> list[int]:
        found = (NUMBERED.fullmatch(name) for name in self.folder.child("manifests").names())
        return sorted(int(match[1]) for match in found if match)

    def latest(self) -> int:
        """The number of the newest version; 0 where there is none."""
        return max(self._numbers(), default=0)

    def number(self, version: str | None) -> int:
        """The number of a version by its number, its tag, or None for the newest.

        Raises:
            InputError: There is none.
        """
        numbers = self._numbers()
        if version is None and numbers:
            return numbers[-1]
        if version and version.isdigit() and int(version) in numbers:
            return int(version)
        if version and TAG.fullmatch(version) and f"{version}.json" in self.folder.child("tags").names():
            return int(orjson.loads(self.folder.child("tags").read(f"{version}.json"))["version"])
        named = f"version {version}" if version else "version"
        msg = f"{self.place.url}: no {named} there; it has {f'1 to {numbers[-1]}' if numbers else 'none'}"
        raise InputError(msg)

    def files(self, number: int) -> dict[str, StoredFile]:
        """The files of a version by their path in the dataset.

        Raises:
            InputError: The list is of another format, or names a path that no dataset has.
        """
        where = f"{self.place.url}: version {number}"
        listed = orjson.loads(self.folder.child("manifests").read(f"{number:08}.json"))
        if listed.get("format") != FORMAT:
            msg = f"{where} is of another format; use the version of Glotmill that wrote it"
            raise InputError(msg)
        files = {}
        for path, entry in listed["files"].items():
            if path not in (MANIFEST, *PAGES, *EXTRAS):
                inside(path, where)
            if not STORED.fullmatch(entry["name"]):
                msg = f"{where} names {entry['name']!r}, which is no file of a dataset; nothing is read there"
                raise InputError(msg)
            files[path] = StoredFile(**entry)
        return files

    def put(self, number: int, files: dict[str, StoredFile]) -> int | None:
        """Make a list of files the version of this number, and the current one.

        Returns:
            The number, or None where another version has it.
        """
        content = {"format": FORMAT, "files": {path: asdict(file) for path, file in files.items()}}
        if not self.folder.child("manifests").put_if_absent(f"{number:08}.json", json_bytes(content)):
            return None
        self.point(number, files)
        return number

    def pointer(self) -> dict[str, Any]:
        """What ``LATEST`` says; empty where it is missing or cut off."""
        try:
            found = orjson.loads(self.folder.read(LATEST))
        except (FileNotFoundError, orjson.JSONDecodeError):
            return {}
        return found if isinstance(found, dict) else {}

    def point(self, number: int, files: dict[str, StoredFile]) -> None:
        """Write the pointer and the card at the top, whose configs name the version's files one by one."""
        self.folder.overwrite(LATEST, json_bytes({"version": number, "manifest": f"manifests/{number:08}.json"}))
        card = self.folder.read(files["README.md"].name).decode()
        self.folder.overwrite("README.md", with_files(card, files).encode())

    def tag(self, name: str, number: int) -> None:
        """Name a version; a name that it has already is fine.

        Raises:
            InputError: It is no name, or another version has it.
        """
        if not TAG.fullmatch(name):
            msg = f"--tag {name}: expected letters, digits, dots and hyphens"
            raise InputError(msg)
        tags = self.folder.child("tags")
        if not tags.put_if_absent(f"{name}.json", json_bytes({"version": number})) and self.number(name) != number:
            msg = f"--tag {name}: version {self.number(name)} has it already; choose another"
            raise InputError(msg)

    def check(self, file: StoredFile, *, whole: bool) -> None:
        """Find a file to be there in its size, and its bytes to be right where they are read.

        Raises:
            StoreError: It is not.
        """
        try:
            sound = self.folder.size(file.name) == file.size
            sound = sound and (not whole or bytes_sha256(self.folder.read(file.name)) == file.sha256)
        except FileNotFoundError:
            sound = False
        if not sound:
            msg = f"{self.folder.location(file.name)} is missing or not what was sent; publish again"
            raise StoreError(msg)


def with_files(card: str, files: dict[str, StoredFile]) -> str:
    """A card whose configs name files one by one, so that files of other versions in the folder are nobody's."""
    head, page = parted(card)
    metadata = yaml.safe_load(head)
    for config in metadata["configs"]:
        for entry in config["data_files"]:
            patterns = entry["path"] if isinstance(entry["path"], list) else [entry["path"]]
            entry["path"] = [
                file.name
                for path, file in sorted(files.items())
                if any(PurePosixPath(path).match(pattern) for pattern in patterns)
            ]
    return f"---\n{yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True, width=100)}---\n{page}"
