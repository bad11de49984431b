"""Where a dataset is published: a repository of the Hub, or a folder on a disk or an object store."""

from __future__ import annotations

import re
from dataclasses import dataclass

from glotmill.engine.storage.folder import without_password
from glotmill.schemas.errors import InputError

HUB = re.compile(r"hf://datasets/([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@([^@\s]+))?")
STORES = ("s3://", "gs://", "file://", "memory://")


@dataclass(frozen=True, slots=True)
class HubPlace:
    """A dataset repository, at a branch, tag or commit where one is named."""

    repo: str
    revision: str | None

    def __str__(self) -> str:
        return f"hf://datasets/{self.repo}{f'@{self.revision}' if self.revision else ''}"


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A folder of versions, at one of them where one is named: a number or a tag."""

    url: str
    version: str | None = None

    def __str__(self) -> str:
        return f"{self.url}{f'@{self.version}' if self.version else ''}"


def parse_place(text: str, option: str, *, versions: bool = False) -> HubPlace | FolderPlace:
    """What an address names.

    Args:
        text: ``hf://datasets/ORG/NAME[@REVISION]``, an URL of an object store, or a path.
        option: The option it was given with, for errors.
        versions: Whether a folder's version may follow an ``@``.

    Raises:
        InputError: It is none of these, or holds a password.
    """
    if text.startswith("hf://"):
        found = HUB.fullmatch(text)
        if found is None:
            msg = f"{option} {text}: expected hf://datasets/ORG/NAME, with @BRANCH, @TAG or @COMMIT where one is meant"
            raise InputError(msg)
        return HubPlace(found[1], found[2])
    if not text or ("://" in text and not text.startswith(STORES)):
        msg = f"{option} {text}: expected hf://datasets/ORG/NAME, s3://BUCKET/FOLDER, gs://BUCKET/FOLDER or a path"
        raise InputError(msg)
    without_password(text)
    url, at, version = text.rpartition("@")
    return FolderPlace(url, version) if versions and at and "/" not in version else FolderPlace(text)
