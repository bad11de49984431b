"""What a pulled folder remembers of where it came from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from engine.publish.contents import LocalDataset
from engine.store.files import write_json
from schemas.errors import InputError

PULLED = "pulled.json"


@dataclass(frozen=True, slots=True)
class Pulled:
    """The origin of a pulled folder.

    Attributes:
        place: Where it was pulled from, without the revision.
        revision: The commit, or the version, where shards that are not here can be had.
        manifest: SHA-256 of the manifest there.
    """

    place: str
    revision: str
    manifest: str

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
            cls(origin.place, revision, local.contents.sha256).write(local.folder)
