"""What a dataset consists of, as its manifest says, wherever the manifest is read from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from glotmill.engine.dataset.card.card_header import LICENSES
from glotmill.engine.dataset.commit import build_lock, recover
from glotmill.engine.dataset.manifest import MANIFEST, Manifest, has_manifest, manifest_from
from glotmill.engine.dataset.pages import CARD, EXTRAS, PAGES, check_pages, read_card
from glotmill.engine.storage.readable import reading
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import bytes_sha256, file_sha256

FOLDERS = ("data/", "images/", "manifests/")  # their files are the dataset's, none of anybody else


@dataclass(frozen=True, slots=True)
class Stored:
    """One Parquet file as a manifest names it."""

    sha256: str
    size: int
    rows: int


@dataclass(frozen=True, slots=True)
class Contents:
    """A whole dataset by name.

    Attributes:
        manifest: What it says.
        small: Every file that is no Parquet file, byte for byte, by path.
        shards: The Parquet files, those with images last, by path.
    """

    manifest: Manifest
    small: Mapping[str, bytes]
    shards: Mapping[str, Stored]

    @property
    def sha256(self) -> str:
        """Of ``manifest.json``, and so of everything that it names."""
        return bytes_sha256(self.small[MANIFEST])

    @property
    def size(self) -> int:
        """Bytes of all Parquet files."""
        return sum(shard.size for shard in self.shards.values())

    def of_images(self) -> list[str]:
        """The Parquet files that hold images."""
        return [path for path in self.shards if path.startswith("images/")]


def is_ours(path: str) -> bool:
    """Whether a file at a target belongs to the dataset, so that one which the dataset has no more must go."""
    return path.startswith(FOLDERS) or path in EXTRAS


def read_contents(read: Callable[[str], bytes], where: str) -> Contents:
    """Read the manifest and the other small files.

    Args:
        read: The bytes of a file by its path; raises FileNotFoundError where there is none.
        where: What is read, for errors.

    Raises:
        InputError: A file is missing, of another format, was changed, or names a path that no dataset has.
    """
    small: dict[str, bytes] = {}

    def noted(name: str) -> bytes:
        small[name] = read(name)
        return small[name]

    manifest = manifest_from(noted, where)
    for name in (*PAGES, *EXTRAS):
        try:
            noted(name)
        except FileNotFoundError:
            if name in PAGES:
                msg = f"{where}: {name} is missing; build, or pull, again"
                raise InputError(msg) from None
    shards = {shard.path: Stored(shard.sha256, shard.size, shard.rows) for shard in manifest.all_shards()}
    shards |= {e["path"]: Stored(e["sha256"], e["size"], e["rows"]) for e in manifest.facts["images"]}
    return Contents(manifest, small, shards)


@dataclass(frozen=True, slots=True)
class LocalDataset:
    """A dataset on this machine, some of whose shards may be elsewhere (after a pull).

    Attributes:
        folder: The build's folder.
        root: The dataset's.
        contents: What it consists of.
    """

    folder: Path
    root: Path
    contents: Contents

    @classmethod
    def open(cls, folder: Path) -> LocalDataset:
        """Read a build's folder, or a dataset's.

        Raises:
            InputError: There is no dataset.
        """
        root = folder / "dataset" if (folder / "dataset").is_dir() else folder
        if not has_manifest(root):
            msg = f"{folder}: no dataset there (no {MANIFEST}); name the folder of a build, such as outputs/NAME"
            raise InputError(msg)
        return cls(folder, root, read_contents(lambda name: (root / name).read_bytes(), str(root)))

    def check_pages(self) -> None:
        """Find the small files to be those that the manifest names, and the card to be one that can be published.

        Raises:
            InputError: One was edited, is missing or is not of the dataset.
        """
        found = check_pages(self.contents.manifest.facts, self.contents.small, str(self.root))
        for name, what in found.wrong.items():
            mend = f"glotmill refilter {self.folder} writes it again" if name in (CARD, LICENSES) else "build again"
            msg = f"{self.root / name}: {what}; {mend}"
            raise InputError(msg)
        read_card(self.contents.small[CARD], str(self.root / CARD))

    def check(self, path: str, schema: pa.Schema | None) -> pa.Schema:
        """Find a shard to be what the manifest says, and of the schema of those before.

        Args:
            path: The shard's.
            schema: That of the shards before it; None for the first of its kind.

        Returns:
            Its schema.

        Raises:
            InputError: It is missing or was changed.
        """
        said, file = self.contents.shards[path], self.root / path
        if not file.is_file():
            msg = f"{file}: the shard is missing, here and at the target; build, or pull, again"
            raise InputError(msg)
        if file.stat().st_size != said.size or file_sha256(file) != said.sha256:
            msg = f"{file}: not the bytes whose checksum the manifest names; build again"
            raise InputError(msg)
        with reading(file, what="a shard of the dataset", mend="build again"), pq.ParquetFile(file) as opened:
            found, rows = opened.schema_arrow, opened.metadata.num_rows
        if rows != said.rows or rows == 0 or any(pa.types.is_null(field.type) for field in found):
            msg = f"{file}: {rows} rows where the manifest says {said.rows}, or a column without a type; build again"
            raise InputError(msg)
        if schema is not None and not found.equals(schema, check_metadata=False):
            msg = f"{file}: other columns than the shards before it; build again"
            raise InputError(msg)
        return found


@contextmanager
def open_dataset(folder: Path) -> Iterator[LocalDataset]:
    """A dataset that no other command changes meanwhile, after what a killed one left was finished.

    Raises:
        InputError: There is no dataset.
        GlotmillError: Another command works on the build.
    """
    if not folder.is_dir():
        msg = f"{folder}: no such folder; name the folder of a build, such as outputs/NAME"
        raise InputError(msg)
    if (folder / "dataset").is_dir():
        with build_lock(folder):
            recover(folder)
            yield LocalDataset.open(folder)
    else:
        yield LocalDataset.open(folder)
