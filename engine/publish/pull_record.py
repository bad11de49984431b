"""What a pulled folder remembers of where it came from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from glotmill.engine.dataset.contents import LocalDataset
from glotmill.engine.dataset.shards import Shard
from glotmill.engine.dataset.sound_footers import check_footer
from glotmill.engine.dataset.sound_rows import RECORDS
from glotmill.engine.dataset.stated_rows import LABEL, turns_of
from glotmill.engine.storage.atomic_write import write_json
from glotmill.engine.storage.checked import FileModel, Name, Sha256, parsed
from glotmill.engine.storage.readable import schema_of
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import file_sha256
from glotmill.schemas.record import record_schema
from glotmill.schemas.sample import STRINGS

PULLED = "pulled.json"
PREFIXES = ("score_", "turn_", LABEL)
COLUMNS = ("record_id", "lang", "task", "row_status", "scores_skipped", "keep", "filter_reasons")
SCORES = "scores"  # the folder of the pulled columns, beside ``dataset``


def columns_of(path: str) -> str:
    """The file in the build's folder that holds a shard's pulled columns."""
    return f"{SCORES}/{path.removeprefix('data/')}"


def pulled_fields(schema: pa.Schema) -> list[pa.Field]:
    """Those columns of a dataset's records that a pull brings: what rules read, and the verdicts."""
    return [field for field in schema if field.name in COLUMNS or field.name.startswith(PREFIXES)]


def pulled_columns(dataset: Path, shard: Shard) -> Path | None:
    """The file with the columns of a shard that rules read, where a pull downloaded only these; else None.

    Args:
        dataset: The dataset's folder, inside of the build's.
        shard: The manifest's entry.

    Raises:
        InputError: The file was edited, or is not one that a pull writes.
    """
    if dataset.name != "dataset" or (dataset / shard.path).is_file():
        return None
    origin = Pulled.of(dataset.parent)
    noted = origin.columns.get(shard.path) if origin else None
    if noted is None or noted.shard != shard.sha256:  # the shard was rewritten since
        return None
    found = dataset.parent / columns_of(shard.path)
    if not found.is_file() or file_sha256(found) != noted.sha256:
        msg = f"{found}: not the file that was pulled; pull again"
        raise InputError(msg)
    names = schema_of(found, RECORDS, "pull again").names
    scores = [pa.field(name, _type_of(name, names)) for name in names if name.startswith(PREFIXES)]
    own = pulled_fields(record_schema(()))
    others = [field for field in scores if field.name not in {known.name for known in own}]
    check_footer(found, shard, [*own, *others])
    return found


def _type_of(name: str, names: list[str]) -> pa.DataType:
    """The type of a column of scores or labels, by its name and those of the others."""
    if name.startswith(LABEL):
        return pa.string()
    if name.startswith("score_"):
        return pa.float32()
    labels = {turns_of(other) for other in names if other.startswith(LABEL)}
    return STRINGS if name in labels else pa.list_(pa.float32())


class ColumnsEntry(FileModel):
    """A file of pulled columns."""

    sha256: Sha256
    shard: Sha256


class PulledFile(FileModel):
    """What `PULLED` must hold."""

    place: Name
    revision: Name
    manifest: Sha256
    columns: dict[str, ColumnsEntry]


@dataclass(frozen=True, slots=True)
class PulledColumns:
    """SHA-256 of a file of pulled columns, and of the whole shard that they are of."""

    sha256: str
    shard: str


@dataclass(frozen=True, slots=True)
class Pulled:
    """The origin of a pulled folder.

    Attributes:
        place: Where it was pulled from, without the revision.
        revision: The commit, or the version, where shards that are not here can be had.
        manifest: SHA-256 of the manifest there.
        columns: The files of pulled columns, by the path of their shard.
    """

    place: str
    revision: str
    manifest: str
    columns: dict[str, PulledColumns]

    @classmethod
    def of(cls, folder: Path) -> Pulled | None:
        """The origin of a folder; None where it was not pulled.

        Raises:
            InputError: Its note is damaged.
        """
        path = folder / PULLED
        if not path.is_file():
            return None
        what, mend = "what a pull noted of where it came from", "pull again into a new folder"
        noted = parsed(PulledFile, path.read_bytes(), path, what, mend)
        columns = {name: PulledColumns(file.sha256, file.shard) for name, file in noted.columns.items()}
        return cls(noted.place, noted.revision, noted.manifest, columns)

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
