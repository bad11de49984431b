"""What a pulled folder remembers of where it came from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from engine.publish.contents import LocalDataset
from engine.store.files import write_json
from schemas.errors import InputError
from schemas.keys import file_sha256

PULLED = "pulled.json"
SCORES = "scores"  # the folder of the pulled columns, beside ``dataset``


def columns_of(path: str) -> str:
    """Where the pulled columns of a shard are, in the build's folder."""
    return f"{SCORES}/{path.removeprefix('data/')}"


def pulled_columns(folder: Path, path: str) -> Path | None:
    """The columns of a shard that rules read, where a pull brought these and left the shard where it was.

    Raises:
        InputError: The file was edited.
    """
    if (folder / "dataset" / path).is_file():
        return None
    origin = Pulled.of(folder)
    if origin is None or path not in origin.columns:
        return None
    found = folder / columns_of(path)
    if not found.is_file() or file_sha256(found) != origin.columns[path]:
        msg = f"{found}: not the file that was pulled; pull again"
        raise InputError(msg)
    return found


@dataclass(frozen=True, slots=True)
class Pulled:
    """The origin of a pulled folder.

    Attributes:
        place: Where it was pulled from, without the revision.
        revision: The commit, or the version, where shards that are not here can be had.
        manifest: SHA-256 of the manifest there.
        columns: SHA-256 of each file of pulled columns, by the path of its shard.
    """

    place: str
    revision: str
    manifest: str
    columns: dict[str, str]

    @classmethod
    def of(cls, folder: Path) -> Pulled | None:
        """The origin of a folder; None where it was not pulled."""
        path = folder / PULLED
        return cls(**orjson.loads(path.read_bytes())) if path.is_file() else None

    def write(self, folder: Path) -> None:
        """Note the origin."""
        write_json(folder / PULLED, asdict(self))

    @classmethod
    def check_origin(cls, local: LocalDataset, place: str, manifest: str | None) -> None:
        """Refuse to publish a pulled dataset over a version that came after it.

        Args:
            local: The dataset.
            place: The target.
            manifest: SHA-256 of the manifest that is there now.

        Raises:
            InputError: It is neither the one that was pulled nor the one that is published.
        """
        origin = cls.of(local.folder)
        if origin is None or origin.place != place.partition("@")[0]:
            return
        if manifest not in (origin.manifest, local.contents.sha256):
            msg = (
                f"{place}: another version was published since {local.folder} was pulled; pull it into a new folder, "
                f"or give --replace to publish over it"
            )
            raise InputError(msg)

    @classmethod
    def moved(cls, local: LocalDataset, place: str, revision: str) -> None:
        """Note that a pulled dataset was published: from now on it comes from that commit."""
        origin = cls.of(local.folder)
        if origin is not None and origin.place == place.partition("@")[0]:
            cls(origin.place, revision, local.contents.sha256, origin.columns).write(local.folder)
