"""Opening a dataset to look at it: a build's, one by itself, or a version of a published folder on this machine.

Guarantees: nothing in the folder changes, but that a commit which a kill interrupted is finished; a published version
is read in its own files, by the names that they have in the dataset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from glotmill.engine.dataset.locate import dataset_folder
from glotmill.engine.dataset.manifest import MANIFEST
from glotmill.engine.publish.addresses import FolderPlace, parse_place
from glotmill.engine.publish.pull_record import Pulled
from glotmill.engine.publish.versions import StoredFile, Versions
from glotmill.schemas.errors import GlotmillError, InputError

REMOTE = re.compile(r"(hf|s3|gs|memory):/")  # what a path makes of an address


@dataclass(frozen=True, slots=True)
class OpenedDataset:
    """A dataset to look at.

    Attributes:
        root: The folder that holds its files by their names in the dataset.
        name: What people call it: the folder, with the version of a published one.
        listed: Of a published version, its files by their names in the dataset.
    """

    root: Path
    name: str
    listed: Mapping[str, StoredFile] = field(default_factory=dict)


@contextmanager
def opened(folder: Path) -> Iterator[OpenedDataset]:
    """Open a dataset for as long as the context lasts.

    Args:
        folder: A build's folder, a dataset's, or a published one, of which ``@VERSION`` or ``@TAG`` names a version.

    Raises:
        InputError: There is no dataset.
    """
    place = _published(folder)
    if place is None:
        root = dataset_folder(folder)
        yield OpenedDataset(root, str(root))
        return
    versions = Versions(place)
    number = versions.number(place.version)
    files = versions.files(number)
    with TemporaryDirectory(prefix="glotmill-") as temporary:
        root = Path(temporary) / "dataset"
        for name, file in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).symlink_to(Path(place.url).absolute() / file.name)
        named = f"{place.url}@{number}"
        if not (root / MANIFEST).is_file():
            msg = f"{named}: {MANIFEST} is missing there; publish the dataset again, or name another version"
            raise InputError(msg)
        try:
            yield OpenedDataset(root, named, files)
        except GlotmillError as error:  # people know nothing of the temporary folder
            raise type(error)(str(error).replace(str(root), named)) from None


def _published(folder: Path) -> FolderPlace | None:
    """The published folder that a path names; None where it names something else.

    Raises:
        InputError: It is an address of another machine.
    """
    if REMOTE.match(str(folder)):
        address = str(folder).replace(":/", "://", 1)
        msg = f"{address}: expected a folder on this machine; glotmill pull {address} DIR brings the dataset into one"
        raise InputError(msg)
    place = FolderPlace(str(folder)) if folder.exists() else parse_place(str(folder), "DIR", versions=True)
    return place if isinstance(place, FolderPlace) and is_published(Path(place.url)) else None


def refuse_published(folder: Path, verb: str) -> None:
    """Refuse a published folder where a command works on a build's.

    Raises:
        InputError: It is one; the message says how to bring it here.
    """
    if is_published(folder):
        msg = (
            f"{verb} {folder}: a published folder; glotmill pull {folder} DIR brings its dataset into a build's folder"
        )
        raise InputError(msg)


def no_runs(folder: Path, verb: str) -> InputError:
    """The error of a command that looks at a build's runs, in a folder without any."""
    pulled = Pulled.of(folder)
    why = f"it was pulled from {pulled.place}, and no build ran in it" if pulled else "no build in it"
    return InputError(f"{verb} {folder}: {why}; name a build's folder, such as outputs/NAME")


def is_published(folder: Path) -> bool:
    """Whether a folder on this machine holds versions that ``glotmill publish`` put there."""
    return (folder / "manifests").is_dir() and any((folder / "manifests").glob("[0-9]" * 8 + ".json"))
